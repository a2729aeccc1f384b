import { expect, test } from 'vitest';
import { portProtocol } from './protocol.ts';

test.each<[Partial<Parameters<typeof portProtocol>[0]>, string]>([
  [{ name: 'http' }, 'http'],
  [{ name: 'http-api' }, 'http'],
  [{ name: 'HTTP2-api' }, 'http2'],
  [{ name: 'grpc-web-ui' }, 'grpc-web'],
  [{ name: 'grpc-ui' }, 'grpc'],
  [{ name: 'mysql' }, 'tcp'],
  [{ name: 'web' }, 'unspecified'],
  [{}, 'unspecified'],
  [{ name: 'web', appProtocol: 'https' }, 'https'],
  [{ name: 'http', appProtocol: 'tcp' }, 'tcp'],
  [{ name: 'http', appProtocol: 'example.com/own' }, 'http'],
  [{ name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'http2'],
  [{ name: 'http', protocol: 'UDP' }, 'udp'],
  ...[25, 53, 3306, 27017].map((number): [object, string] => [{ number, name: 'db' }, 'tcp']),
  [{ number: 3306, name: 'http' }, 'http'],
  [{ number: 3307 }, 'unspecified'],
])('%j speaks %s', (port, protocol) => expect(portProtocol({ number: 8080, ...port })).toBe(protocol));
