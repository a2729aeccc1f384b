import { byType } from '@tulle/xds/resource';
import { expect, test } from 'vitest';
import type { RawResources } from '../config/last-good.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { askNewest } from './newest.ts';
import { ParentLink } from './parent-link.ts';
import type { ToParent, ToWorker } from './protocol.ts';

/** A worker that another one is there to be asked by. */
function successor() {
  let hear: (message: ToWorker) => void = () => {};
  const said: ToParent[] = [];
  const clock = new VirtualClock();
  const parent = new ParentLink({
    channel: {
      send: (message) => said.push(message),
      onMessage: (listener) => {
        hear = (message) => listener(message, undefined);
      },
    },
    id: '1.0',
    shared: true,
    succeeds: true,
  });
  hear({ kind: 'workers', ids: ['0.0', '1.0'] });
  const asked = askNewest(parent, new TimerWheel({ clock }));
  return { asked, said, clock, hear: (message: ToWorker) => hear(message) };
}

const nothing: RawResources = byType(() => []);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who is asked for what it serves and says nothing is not waited for', async () => {
  const { asked, said, clock } = successor();
  await turn();
  expect(said).toEqual([{ kind: 'tell', to: '0.0', message: { kind: 'newest?' } }]);
  clock.advance(600);
  expect(await asked).toBeUndefined();
});

test('who serves nothing itself is not followed', async () => {
  const { asked, hear } = successor();
  await turn();
  hear({ kind: 'told', from: '0.0', message: { kind: 'newest', resources: nothing } });
  expect(await asked).toBeUndefined();
});

test('who serves is', async () => {
  const { asked, hear } = successor();
  await turn();
  const resources = { ...nothing, listener: [{ name: 'l', version: '1', bytes: Buffer.alloc(0) }] };
  hear({ kind: 'told', from: '0.0', message: { kind: 'newest', resources } });
  expect(await asked).toBe(resources);
});
