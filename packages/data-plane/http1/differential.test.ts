/**
 * The same bytes to our server and to Node's (llhttp in its strict mode). We may refuse more than it does;
 * but where both accept, both must have understood the same requests: what two readers understand
 * differently is what smuggling is made of. TULLE_FUZZ_SEED and TULLE_FUZZ_CASES choose another or a longer
 * run.
 */
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { ScriptedSocket, turn } from './scripted-socket.ts';
import { response, type Served, ServerHarness } from './server-harness.ts';

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

/** Pieces that have fooled parsers. */
const splices = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  '\0',
  '0',
  '5',
  ';',
  ',',
  '\x0b',
  '\x7f',
  '\xff',
  '-',
  '+',
  '"',
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Content-Length : 4\r\n',
  ' folded\r\n',
  'Connection: close\r\n',
  'Host: z\r\n',
  'Expect: x\r\n',
  '0\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
  'ffffffffffffffff',
  '\r\n\r\n',
];

/** mulberry32: a failure can be run again from its seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(random: (below: number) => number): string {
  const pick = (from: readonly string[]): string => from[random(from.length)] as string;
  let bytes = pick(seeds);
  if (random(2) === 0) bytes += pick(seeds);
  for (let count = random(4); count > 0; count--) {
    const at = random(bytes.length);
    const length = random(4);
    switch (random(4)) {
      case 0:
        bytes = bytes.slice(0, at) + pick(splices) + bytes.slice(at);
        break;
      case 1:
        bytes = bytes.slice(0, at) + bytes.slice(at + length);
        break;
      case 2:
        bytes = bytes.slice(0, at) + pick(splices) + bytes.slice(at + length);
        break;
      default: {
        // A whole line twice, or somewhere else.
        const lines = bytes.split('\r\n');
        lines.splice(random(lines.length), 0, lines[random(lines.length)] as string);
        bytes = lines.join('\r\n');
      }
    }
  }
  return bytes;
}

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
    const bytes = mutate(random);
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
