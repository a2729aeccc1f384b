import { Headers } from '@tulle/decision/headers';
import fc from 'fast-check';
import type { BytesCall, Call, HttpCall } from './call.ts';
import { listenerNames, type Scene } from './generated-tables.fixture.ts';

/** Calls of few names, as the tables have them. */
const paths = ['/', '/a', '/a/b', '/ab', '/A', '/a%2Fb', '/a//b', '/a/../b', '/a?x=1', '/a?x=2&y', '/../..'];
const hosts = ['one', 'two', 'one:80', 'a.two', 'ONE', 'three'];
const word = fc.option(fc.constantFrom('x', 'y', 'z'), { nil: undefined });

/** gRPC is what its content type says. */
const httpOf = (listeners: readonly string[]): fc.Arbitrary<HttpCall> =>
  fc
    .record({
      listener: fc.constantFrom(...listeners),
      kind: fc.constantFrom('http1' as const, 'http2' as const, 'grpc' as const),
      secure: fc.boolean(),
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      authority: fc.constantFrom(...hosts),
      path: fc.constantFrom(...paths),
      a: word,
      b: word,
    })
    .map(({ listener, kind, secure, method, authority, path, a, b }) => ({
      kind: 'http' as const,
      listener,
      scheme: secure ? ('https' as const) : ('http' as const),
      protocol: kind === 'http1' ? ('HTTP/1.1' as const) : ('HTTP/2' as const),
      method: kind === 'grpc' ? 'POST' : method,
      authority,
      path,
      headers: Headers.of({
        ...(a !== undefined && { 'x-a': a }),
        ...(b !== undefined && { 'x-b': b }),
        ...(kind === 'grpc' && { 'content-type': 'application/grpc', te: 'trailers' }),
      }),
    }));

const bytesOf = (listeners: readonly string[]): fc.Arbitrary<BytesCall> =>
  fc.record({
    listener: fc.constantFrom(...listeners),
    kind: fc.constantFrom('tcp' as const, 'tls' as const),
    host: fc.constantFrom('one', 'two', 'a.two', 'three'),
    port: fc.constantFrom(80, 443, 5432),
    remoteAddress: fc.constantFrom('127.0.0.1', '127.0.0.9'),
  });

/** Calls to any listener of the scene's, whether they make sense there or not. */
export const callOf = ({ role }: Scene): fc.Arbitrary<Call> => {
  const listeners = listenerNames[role];
  return fc.oneof(
    { weight: 3, arbitrary: httpOf([listeners[0]]) },
    { weight: 3, arbitrary: httpOf(listeners) },
    { weight: 2, arbitrary: bytesOf(listeners) },
  );
};
