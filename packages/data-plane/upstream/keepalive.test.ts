import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { named } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';

const cleanup = cleanupAfterEach();

/** The kernel's timer of the connection to a loopback port: kind (2: keep-alive) and seconds left. */
function timerOf(port: number): { readonly kind: number; readonly seconds: number } | undefined {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/self/net/tcp', 'utf8').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[2] !== remote || fields[3] !== '01') continue;
    const [kind = '', ticks = ''] = (fields[5] ?? '').split(':');
    return { kind: Number.parseInt(kind, 16), seconds: Number.parseInt(ticks, 16) / 100 };
  }
  return undefined;
}

test.runIf(process.platform === 'linux')(
  'a pooled connection is kept alive as its cluster says',
  async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const connected = async (more: Parameters<typeof cluster>[2]) => {
      const engine = await startEngine(
        tables({
          listeners: [listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])])))])],
          clusters: [cluster('a', [endpoint(app.port)], more)],
        }),
      );
      expect((await ask(portOf(engine, 'l'))).status).toBe(200);
      const timer = timerOf(app.port);
      engine.destroy();
      return timer;
    };
    const timer = await connected({ tcpKeepalive: { idleMs: 77_000, intervalMs: 5_000, probes: 3 } });
    expect(timer?.kind).toBe(2);
    expect(timer?.seconds).toBeGreaterThan(70);
    expect(timer?.seconds).toBeLessThanOrEqual(77);
    await expect.poll(() => timerOf(app.port)).toBeUndefined();
    expect((await connected({}))?.kind).toBe(0);
  },
);
