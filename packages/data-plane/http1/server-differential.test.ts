/**
 * The same bytes to our server and to Node's (llhttp in its strict mode). We may refuse more than it does;
 * but where both accept, both must have understood the same requests: what two readers understand
 * differently is what smuggling is made of. TULLE_FUZZ_SEED and TULLE_FUZZ_CASES choose another or a longer
 * run.
 */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { generator, mutate } from './mutations.fixture.ts';
import { ScriptedSocket, turn } from './scripted-socket.fixture.ts';
import { response, type Served, ServerHarness } from './server-harness.fixture.ts';

const seeds = [
  'GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n',
  'POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello',
  'POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;a=b\r\nyou\r\n0\r\n\r\n',
  'PUT /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n',
  'GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: x\r\n\r\n',
  'DELETE /d HTTP/1.1\r\nHost: x:80\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET http://y/z HTTP/1.1\r\nHost: y\r\n\r\n',
];

const methods: ReadonlySet<string> = new Set(seeds.map((request) => request.slice(0, request.indexOf(' '))));

interface Understood {
  readonly requests: string[];
  readonly refused: boolean;
  /** Read no further, by its own words. */
  readonly closed: boolean;
}

async function ours(bytes: string): Promise<Understood> {
  const requests: string[] = [];
  const harness = new ServerHarness(({ recorder, stream, head }: Served) => {
    if (!recorder.ended) return;
    requests.push(JSON.stringify([head.method, head.path, recorder.body]));
    stream.sendHead(response(204), true);
  });
  harness.socket.deliver(bytes);
  await turn();
  await turn();
  const closed = closing(harness.socket);
  harness.socket.destroy();
  return { requests, refused: harness.problems.length > 0, closed };
}

async function theirs(bytes: string): Promise<Understood> {
  const requests: string[] = [];
  let refused = false;
  const server = createServer({ insecureHTTPParser: false }, (request, answer) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    request.on('end', () => {
      const path = (request.url ?? '').replace(/^http:\/\/[^/?]+/i, '') || '/';
      requests.push(JSON.stringify([request.method, path.startsWith('?') ? `/${path}` : path, body]));
      answer.statusCode = 204;
      answer.end();
    });
    request.on('error', () => {});
  });
  server.on('checkExpectation', (request, answer) => server.emit('request', request, answer));
  server.on('clientError', () => {
    refused = true;
  });
  const socket = new ScriptedSocket();
  server.emit('connection', socket);
  socket.deliver(bytes);
  for (let turns = 0; turns < 6; turns++) await turn();
  // Node refuses a missing Host by a response of its own.
  if (/HTTP\/1\.1 400/.test(socket.sent)) refused = true;
  const closed = closing(socket);
  socket.destroy();
  return { requests, refused, closed };
}

function closing(socket: ScriptedSocket): boolean {
  return /^connection: close\r$/im.test(socket.sent);
}

const seed = Number(process.env.TULLE_FUZZ_SEED ?? 20_261_121);
const cases = Number(process.env.TULLE_FUZZ_CASES ?? 1_500);

test(`what both accept is understood alike (${cases} cases from seed ${seed})`, {
  timeout: 600_000,
}, async () => {
  const random = generator(seed);
  let bothAccepted = 0;
  for (let index = 0; index < cases; index++) {
    const bytes = mutate(seeds, random);
    const [we, they] = [await ours(bytes), await theirs(bytes)];
    const shared = Math.min(we.requests.length, they.requests.length);
    const context = JSON.stringify({ index, bytes, we, they });
    expect(we.requests.slice(0, shared), context).toEqual(they.requests.slice(0, shared));
    // Neither refused nor closed, so both must have seen the same number of them.
    if (!we.refused && !they.refused && !we.closed && !they.closed) {
      expect(we.requests, context).toEqual(they.requests);
      bothAccepted++;
    }
    // A request that we served and llhttp refused must be one that it can't know: of another method. (We may
    // still wait for the end of a line that it has seen enough of.)
    if (they.refused) {
      const extra = we.requests[they.requests.length];
      if (extra !== undefined) expect(methods.has(JSON.parse(extra)[0] as string), context).toBe(false);
    }
  }
  // The mutations must not be so wild that nothing is compared.
  expect(bothAccepted).toBeGreaterThan(cases / 10);
});
