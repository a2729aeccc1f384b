import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import type { StreamInfo } from './http/stream-info.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { echoService, type GrpcBackend, grpcBackend } from './testing/grpc.ts';
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
} from './testing/tables.ts';

const filter = (name: string, type: string) => ({ name, typeUrl: `type.googleapis.com/${type}`, config: {} });
const filters = [
  filter('web', 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb'),
  filter('stats', 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig'),
];

let app: GrpcBackend;
let engine: Engine;
let dead: Engine;
const infos: StreamInfo[] = [];
beforeAll(async () => {
  app = await grpcBackend();
  engine = await serve(app.port);
  dead = await serve(1);
});
afterAll(async () => {
  dead.destroy();
  engine.destroy();
  await app.close();
});

const serve = (port: number): Promise<Engine> =>
  startEngine(
    tables({
      listeners: [
        listener('l', [httpChain(manager(routeTable([host([route(forward('a'))])]), { filters }))]),
      ],
      clusters: [cluster('a', [endpoint(port)], { protocol: 'http2' })],
    }),
    { observe: { httpLoggers: () => [(info) => infos.push(info)] } },
  );

function frame(message: string, flag = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(Buffer.byteLength(message), 1);
  return Buffer.concat([prefix, Buffer.from(message)]);
}

/** The frames of a body: messages, then trailers as text. */
function framesOf(body: Buffer): { readonly messages: string[]; readonly trailers: string } {
  const messages: string[] = [];
  let trailers = '';
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const text = body.subarray(at + 5, end).toString();
    if (body[at] === 0x80) trailers = text;
    else messages.push(text);
    at = end;
  }
  return { messages, trailers };
}

/** As a browser does: HTTP/1.1, no trailers. */
const call = (
  to: Engine,
  path: string,
  type: string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`http://127.0.0.1:${portOf(to, 'l')}${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });

/** Padded piece by piece. */
const fromBase64 = (text: string): Buffer =>
  Buffer.concat((text.match(/[^=]+={0,2}/g) ?? []).map((piece) => Buffer.from(piece, 'base64')));

describe('gRPC-Web', () => {
  it('binary: messages, and trailers as the last frame', async () => {
    const answer = await call(engine, echoService.unary.path, 'application/grpc-web+proto', frame('hello'));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/grpc-web+proto']);
    const { messages, trailers } = framesOf(Buffer.from(await answer.arrayBuffer()));
    expect(messages).toEqual(['hello']);
    expect(trailers).toMatch(/^grpc-status: 0\r\n/m);
  });

  it('text: base64 both ways, each message padded by itself', async () => {
    const request = ['one', 'longer two'].map((text) => frame(text).toString('base64')).join('');
    const answer = await call(engine, echoService.bidi.path, 'application/grpc-web-text', request);
    expect(answer.headers.get('content-type')).toBe('application/grpc-web-text+proto');
    const { messages, trailers } = framesOf(fromBase64(await answer.text()));
    expect(messages).toEqual(['one', 'longer two']);
    expect(trailers).toMatch(/^grpc-status: 0\r\n/m);
  });

  it('binary asked, text wanted', async () => {
    const accept = { accept: 'application/grpc-web-text' };
    const answer = await call(engine, echoService.unary.path, 'application/grpc-web', frame('hi'), accept);
    expect(framesOf(fromBase64(await answer.text())).messages).toEqual(['hi']);
  });

  it.each([
    ['is no base64', '*not base64*'],
    ['ends in the middle of a quantum', `${Buffer.from(frame('x')).toString('base64')}aG`],
  ])('what %s is refused', async (_, body) => {
    const answer = await call(engine, echoService.unary.path, 'application/grpc-web-text', body);
    expect(answer.headers.get('grpc-status')).toBe('13');
  });

  it('a server that is not there: a status that gRPC-Web clients read', async () => {
    const answer = await call(dead, echoService.unary.path, 'application/grpc-web', frame('x'));
    expect([answer.status, answer.headers.get('grpc-status')]).toEqual([200, '14']);
    expect(answer.headers.get('content-type')).toBe('application/grpc-web+proto');
  });

  it('other requests pass as they are', async () => {
    const answer = await call(engine, '/', 'text/plain', 'x');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([415, null]);
  });

  it('messages are counted', async () => {
    const before = infos.length;
    const body = Buffer.concat([frame('a'), frame('b'), frame('c')]);
    await (await call(engine, echoService.bidi.path, 'application/grpc-web', body)).arrayBuffer();
    await expect.poll(() => infos.length).toBe(before + 1);
    expect(infos.at(-1)).toMatchObject({ requestMessages: 3, responseMessages: 3, grpcStatus: 0 });
  });
});
