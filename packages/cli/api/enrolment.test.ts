import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createApiClient } from './client.ts';
import { enrolmentToken } from './enrolment.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function ask(
  answer: (response: ServerResponse) => void,
  stateDir: string,
  withinMs = 60_000,
): Promise<unknown> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(response));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const claims = { role: 'sidecar', workload: 'reviews-v1', labels: {} } as const;
  const of = { namespace: 'default', serviceAccount: 'reviews', instance: 'reviews-v1-0', claims, stateDir };
  return enrolmentToken(createApiClient({ url, token: 'secret' }), of, withinMs);
}

const been = tmpdir();
const never = join(tmpdir(), 'tulle-no-such-folder');
const hangs = (): void => {};
const fails = (response: ServerResponse): void => void response.writeHead(503).end('{}');

describe('an enrolment token', () => {
  it('is asked for one instance', async () => {
    const token = await ask((response) => response.end('{"status":{"token":"t"}}'), never);
    expect(token).toBe('t');
  });

  it.each([
    ['hangs', hangs, 100],
    ['fails', fails, 60_000],
  ])(
    'is done without while the control plane %s, by a proxy that has been here before',
    async (_, answer, withinMs) => {
      expect(await ask(answer, been, withinMs)).toBeUndefined();
      await expect(ask(answer, never, withinMs)).rejects.toThrow();
    },
  );

  it('is not done without when it is refused', async () => {
    await expect(ask((response) => response.writeHead(404).end('{}'), been)).rejects.toThrow();
  });
});
