/**
 * The same response bytes to our client and to Node's (llhttp in its strict mode): what both accept, both
 * must have understood alike. See server-differential.test.ts.
 */
import { request as nodeRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { ClientHarness } from './client-harness.fixture.ts';
import { generator, mutate } from './mutations.fixture.ts';
import { ScriptedSocket, turn } from './scripted-socket.fixture.ts';

const seeds = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n',
  'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the close',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 503 \r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n',
];

/** Status and body of the first final response, or undefined when it was refused or never ended. */
async function ours(bytes: string): Promise<string | undefined> {
  const harness = new ClientHarness();
  const { recorder } = harness.ask();
  await turn();
  harness.socket.deliver(bytes);
  harness.socket.deliverEnd();
  await turn();
  harness.socket.destroy();
  return recorder.ended ? JSON.stringify([recorder.head?.status, recorder.body]) : undefined;
}

async function theirs(bytes: string): Promise<string | undefined> {
  let understood: string | undefined;
  const socket = new ScriptedSocket();
  const request = nodeRequest(
    { createConnection: () => socket as Duplex as never, host: 'a', path: '/p' },
    (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      response.on('error', () => {});
      response.on('end', () => {
        if (response.complete) understood = JSON.stringify([response.statusCode, body]);
      });
    },
  );
  request.on('error', () => {});
  request.end();
  await turn();
  socket.deliver(bytes);
  socket.deliverEnd();
  for (let turns = 0; turns < 4; turns++) await turn();
  request.destroy();
  socket.destroy();
  return understood;
}

const seed = Number(process.env.TULLE_FUZZ_SEED ?? 20_261_121);
const cases = Number(process.env.TULLE_FUZZ_CASES ?? 1_500);

test(`responses that both accept are understood alike (${cases} cases from seed ${seed})`, {
  timeout: 600_000,
}, async () => {
  const random = generator(seed);
  let bothAccepted = 0;
  for (let index = 0; index < cases; index++) {
    const bytes = mutate(seeds, random);
    const [we, they] = [await ours(bytes), await theirs(bytes)];
    if (we === undefined || they === undefined) continue;
    expect(we, JSON.stringify({ index, bytes })).toBe(they);
    bothAccepted++;
  }
  expect(bothAccepted).toBeGreaterThan(cases / 5);
});
