/** Both codecs on real sockets, plain and TLS: bodies of megabytes, readers slower than writers. */
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { DownstreamTls, UpstreamTls } from '@tulle/decision/tables/tls';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, expect, test } from 'vitest';
import type { RequestHead, ResponseHead, Stream, StreamHandler } from '../http/stream.ts';
import { BoundListener } from '../net/listener.ts';
import { Outboxes } from '../net/outbox.ts';
import { TlsClient } from '../net/tls/client.ts';
import { TlsTerminator } from '../net/tls/server.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { Http1Client } from './client/client.ts';
import { request } from './client/harness.fixture.ts';
import { defaultHttp1Limits } from './limits.ts';
import { response } from './server/harness.fixture.ts';
import { Http1Server } from './server/server.ts';

const timers = new TimerWheel();
const outboxes = new Outboxes();
const limits = { ...defaultHttp1Limits, lingerMs: 50 };
const open: BoundListener[] = [];

const authority = await testAuthority();
const secrets = new Map<string, SecretTable>([
  [
    'default',
    { kind: 'certificate', ...(await authority.issue({ uris: ['spiffe://mesh.test/ns/a/sa/b'] })) },
  ],
  ['ROOTCA', { kind: 'roots', pem: authority.rootPem }],
]);
const common = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  ecdhCurves: [],
  alpn: [],
} as const;
const validation = { rootsSecret: 'ROOTCA', subjectAltNames: [() => true] };
const serverTls: DownstreamTls = {
  ...common,
  requireClientCertificate: true,
  certificateSecrets: ['default'],
  sessionTimeoutMs: 0,
  validation,
};
const clientTls: UpstreamTls = {
  ...common,
  sni: 'x',
  resumeSessions: false,
  certificateSecret: 'default',
  validation,
};

afterEach(async () => {
  for (const listener of open.splice(0)) {
    const closed = listener.close();
    listener.destroyConnections();
    await closed;
  }
});

/** Sends every byte of a request back, holding the request when the response can't be taken. */
class Echo implements StreamHandler<RequestHead> {
  readonly #stream: Stream<ResponseHead>;
  pauses = 0;

  constructor(stream: Stream<ResponseHead>) {
    this.#stream = stream;
  }

  onHead(_head: RequestHead, end: boolean): void {
    this.#stream.sendHead(response(200), end);
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#stream.sendData(chunk, end) || end) return;
    this.pauses++;
    this.#stream.pause();
  }

  onTrailers(): void {
    this.#stream.sendData(Buffer.alloc(0), true);
  }

  onDrain(): void {
    this.#stream.resume();
  }

  onReset(): void {}
}

async function serve(tls: boolean): Promise<{ port: number; echoes: Echo[] }> {
  const echoes: Echo[] = [];
  const onSocket = (socket: Socket): void => {
    new Http1Server(socket, {
      limits,
      timers,
      outboxes,
      scheme: tls ? 'https' : 'http',
      halfClose: 'serve',
      onRequest: (_head, stream) => {
        const echo = new Echo(stream);
        echoes.push(echo);
        return echo;
      },
    });
  };
  const terminator = new TlsTerminator({ tls: serverTls, timers, onSecure: onSocket }, secrets);
  const listener = await BoundListener.bind({
    address: '127.0.0.1',
    port: 0,
    onConnection: (socket) => (tls ? terminator.accept(socket, '') : onSocket(socket)),
  });
  open.push(listener);
  return { port: listener.port, echoes };
}

function dial(port: number, tls: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      if (!tls) resolve(socket);
      else new TlsClient(secrets).start(socket, clientTls, { onSecure: resolve, onFailed: reject });
    });
  });
}

/** Sends `body` in pieces as the connection takes them; reads the answer with a pause now and then. */
function exchange(client: Http1Client, body: Buffer, pieceBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let sent = 0;
    let chunks = 0;
    const stream = client.request({
      onHead: () => {},
      onData(chunk, end) {
        hash.update(chunk);
        if (end) resolve(hash.digest('hex'));
        else if (++chunks % 7 === 0) {
          stream.pause();
          setImmediate(() => stream.resume());
        }
      },
      onTrailers: () => reject(new Error('trailers')),
      onDrain: () => send(),
      onReset: (reason, detail) => reject(new Error(`${reason} ${detail}`)),
    });
    const send = (): void => {
      for (;;) {
        const piece = body.subarray(sent, sent + pieceBytes);
        sent += piece.length;
        const end = sent === body.length;
        if (!stream.sendData(piece, end) || end) return;
      }
    };
    stream.sendHead(request('POST'), false);
    send();
  });
}

test.each([false, true])(
  'megabytes there and back under backpressure, again and again (TLS: %s)',
  async (tls) => {
    const { port, echoes } = await serve(tls);
    const client = new Http1Client(await dial(port, tls), { limits, outboxes });
    for (const [size, piece] of [
      [1, 1],
      [100_000, 999],
      [8_000_000, 70_000],
      [300_000, 300_000],
    ] as const) {
      const body = randomBytes(size);
      expect(await exchange(client, body, piece)).toBe(createHash('sha256').update(body).digest('hex'));
      // Idle is announced once the read is over in which the response ended.
      while (!client.reusable) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.requests).toBe(4);
    expect(echoes.some(({ pauses }) => pauses > 0)).toBe(true);
    client.close();
  },
);

test('a client that reads nothing stops the server from reading more', async () => {
  const { port, echoes } = await serve(false);
  const socket = await dial(port, false);
  socket.pause();
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n');
  const piece = Buffer.alloc(64 * 1024);
  let written = 0;
  // Until the kernel's buffers on both sides, and ours, are full.
  const full = (): boolean => socket.writableLength > 4_000_000 && (echoes[0]?.pauses ?? 0) > 0;
  while (!full() && written < 100_000_000 - piece.length) {
    socket.write(piece);
    written += piece.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(full()).toBe(true);
  expect(written).toBeLessThan(60_000_000);
  socket.destroy();
});

test('many connections of one turn, each with its own answer', async () => {
  const { port } = await serve(false);
  const clients = await Promise.all(
    Array.from({ length: 20 }, async () => new Http1Client(await dial(port, false), { limits, outboxes })),
  );
  const bodies = clients.map(() => randomBytes(3_000));
  const hashes = await Promise.all(clients.map((client, at) => exchange(client, bodies[at] as Buffer, 500)));
  expect(hashes).toEqual(bodies.map((body) => createHash('sha256').update(body).digest('hex')));
  for (const client of clients) client.close();
});
