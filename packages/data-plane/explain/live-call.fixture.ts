/** Makes the calls of explanations for real: HTTP/1.1, HTTP/2, gRPC, bytes, TLS, and all of them through an HTTP proxy. */
import { once } from 'node:events';
import { type Agent, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { http2Ask } from '../testing/http2.ts';
import { type Call, destinationOf, type HttpCall } from './call.ts';

/** What a client sees. */
export interface LiveAnswer {
  /** Undefined: no HTTP came back. */
  readonly status: number | undefined;
  readonly grpcStatus: string;
  /** Of the connection to the proxy, which tell what the proxy logs of it. */
  readonly ends: string;
}

export const endsOf = (clientAddress = '', clientPort = 0, port = 0): string =>
  `${clientAddress}:${clientPort} ${port}`;

interface To {
  readonly port: number;
  /** The listener is an HTTP proxy. */
  readonly viaProxy: boolean;
  /** Goes with requests. */
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer comes within it, or never. */
const patienceMs = 60_000;

/** Never throws: a connection that is closed is an answer too. */
export async function callLive(call: Call, { port, viaProxy, headers }: To): Promise<LiveAnswer> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ...(call.remoteAddress !== undefined && { localAddress: call.remoteAddress }),
  });
  socket.on('error', () => {});
  socket.setTimeout(patienceMs, () => socket.destroy());
  await once(socket, 'connect');
  const ends = endsOf(socket.localAddress, socket.localPort, port);
  const secure = call.kind === 'tls' || (call.kind === 'http' && call.scheme === 'https');
  const none = { status: undefined, grpcStatus: '', ends };
  try {
    if (viaProxy && (call.kind !== 'http' || secure)) {
      const refused = await openTunnel(socket, call, headers);
      if (refused !== undefined) return { ...none, status: refused };
    }
    const carrier = secure ? await secured(socket, call) : socket;
    if (carrier === undefined) return none;
    if (call.kind !== 'http') {
      await exchange(carrier);
      return none;
    }
    const answer = await (call.protocol === 'HTTP/2' ? askHttp2 : askHttp1)(carrier, call, headers, viaProxy);
    return { ...none, ...answer };
  } catch {
    return none;
  } finally {
    socket.destroy();
  }
}

/** @returns the status of a refusal */
async function openTunnel(
  socket: Socket,
  call: Call,
  headers: Readonly<Record<string, string>>,
): Promise<number | undefined> {
  const { host, port } = destinationOf(call);
  const fields = Object.entries({ ...headers, host: `${host}:${port}` }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write([`CONNECT ${host}:${port} HTTP/1.1`, ...fields, '', ''].join('\r\n'));
  const [head] = (await once(socket, 'data')) as [Buffer];
  const status = Number(head.toString('latin1').slice(9, 12));
  return status === 200 ? undefined : status;
}

/** Undefined: whoever is at the other end does not speak TLS, or not with us. */
function secured(socket: Socket, call: Call): Promise<Socket | undefined> {
  const alpn = call.kind !== 'http' ? [] : call.protocol === 'HTTP/2' ? ['h2', 'http/1.1'] : ['http/1.1'];
  return new Promise((resolve) => {
    const carrier = connectTls({
      socket,
      servername: destinationOf(call).host,
      rejectUnauthorized: false,
      ...(alpn.length > 0 && { ALPNProtocols: alpn }),
    });
    carrier.on('error', () => {});
    carrier.once('secureConnect', () => resolve(carrier));
    carrier.once('close', () => resolve(undefined));
  });
}

/** Says something, and waits until it is answered or the connection ends. */
async function exchange(socket: Socket): Promise<void> {
  socket.write('hello\r\n\r\n');
  await new Promise<void>((resolve) => socket.once('data', () => resolve()).once('close', () => resolve()));
}

type Told = Pick<LiveAnswer, 'status' | 'grpcStatus'>;

const grpcOf = (value: unknown): string => (value === undefined ? '' : String(value));

function askHttp1(
  socket: Socket,
  call: HttpCall,
  headers: Readonly<Record<string, string>>,
  absolute: boolean,
): Promise<Told> {
  const { method, authority, path } = call;
  return new Promise((resolve, reject) => {
    const asked = request({
      // It is given its connection.
      createConnection: () => socket,
      agent: undefined as unknown as Agent,
      method,
      path: absolute ? `http://${authority}${path}` : path,
      headers: { ...Object.fromEntries(call.headers), ...headers, host: authority },
    });
    asked.on('response', (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode, grpcStatus: grpcOf(response.headers['grpc-status']) }),
      );
    });
    asked.on('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    asked.end();
  });
}

async function askHttp2(
  socket: Socket,
  call: HttpCall,
  headers: Readonly<Record<string, string>>,
): Promise<Told> {
  const session = connectHttp2(`${call.scheme}://test`, { createConnection: () => socket });
  try {
    const failed = once(session, 'error').then(([error]) => {
      throw error;
    });
    failed.catch(() => {});
    const answered = http2Ask(session, {
      path: call.path,
      method: call.method,
      host: call.authority,
      headers: { ...Object.fromEntries(call.headers), ...headers },
    });
    const { status, headers: fields, trailers } = await Promise.race([answered, failed]);
    const grpcStatus = grpcOf(fields['grpc-status'] ?? trailers['grpc-status']);
    return { status: status === 0 ? undefined : status, grpcStatus };
  } finally {
    session.destroy();
  }
}
