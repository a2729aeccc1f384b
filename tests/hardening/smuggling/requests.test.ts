import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { describe, expect, test } from 'vitest';
import { type Hardened, httpProxy } from '../proxy.ts';
import { type RawBackend, rawBackend } from '../raw-backend.ts';
import { answersIn, RawClient } from '../raw-client.ts';
import { asSent } from './as-sent.ts';
import type { RequestCase } from './case.ts';
import { requestCases } from './requests.ts';

const cleanup = cleanupAfterEach();

async function start(): Promise<{ readonly backend: RawBackend; readonly proxy: Hardened }> {
  const backend = await rawBackend();
  cleanup.push(() => backend.close());
  const proxy = await httpProxy(backend.port, { manager: { upgrades: ['websocket'] } });
  cleanup.push(() => proxy.close());
  return { backend, proxy };
}

async function open(port: number): Promise<RawClient> {
  const client = await RawClient.open(port);
  cleanup.push(() => client.close());
  return client;
}

describe('requests that two readers may understand differently', () => {
  test.each(requestCases.map((each) => [`${each.group}: ${each.name}`, each] as const))(
    '%s',
    async (_, each) => {
      const { backend, proxy } = await start();
      const client = await open(proxy.port);
      client.send(each.bytes);
      await judged(client, backend, each);

      const { answers, rest } = answersIn(client.text);
      expect(rest).toBe('');
      expect(backend.requests.map(asSent)).toEqual(each.upstream);
      expect(answers.slice(0, each.upstream.length)).toEqual(each.upstream.map(ownAnswer));
      if (each.refused === undefined) expect(answers).toHaveLength(each.upstream.length);
      else {
        expect(answers).toHaveLength(each.upstream.length + 1);
        expect(Number(answers.at(-1)?.slice(0, 3))).toBe(each.refused);
      }
      if (each.refused !== undefined || each.closes)
        expect(client.text).toMatch(/\r\nconnection: close\r\n/i);
      if (each.waits !== undefined)
        expect(backend.connections.map(({ partial }) => asSent(partial)).join('')).toBe(each.waits);

      // Nothing is left in the way of others.
      const innocent = await open(proxy.port);
      innocent.send('GET /innocent HTTP/1.1\r\nHost: a\r\n\r\n');
      await innocent.until((text) => answersIn(text).answers.length > 0);
      expect(answersIn(innocent.text)).toEqual({ answers: ['200 GET /innocent'], rest: '' });
    },
  );
});

/** Resolves when the proxy has decided all that it will decide of a case. */
async function judged(client: RawClient, backend: RawBackend, each: RequestCase): Promise<void> {
  if (each.refused !== undefined || each.closes) {
    await client.ended;
    return;
  }
  await client.until((text) => answersIn(text).answers.length >= each.upstream.length);
  if (each.waits !== undefined && each.waits !== '') {
    await expect.poll(() => asSent(backend.connections[0]?.partial ?? '')).toBe(each.waits);
  } else if (each.waits === undefined) {
    // Whatever else there might be of answers comes before the end.
    client.socket.end();
    await client.ended;
  }
}

function ownAnswer(request: string): string {
  const asked = request.slice(0, request.indexOf(' HTTP/'));
  return `200 ${request.startsWith('HEAD ') ? '' : asked}`.trim();
}
