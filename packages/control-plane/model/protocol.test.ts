import { expect, test } from 'vitest';
import { portProtocol } from './protocol.ts';

test.each([
  [{ name: 'http' }, 'http'],
  [{ name: 'http-api' }, 'http'],
  [{ name: 'HTTP2-api' }, 'http2'],
  [{ name: 'grpc-web-ui' }, 'http'],
  [{ name: 'grpc-ui' }, 'grpc'],
  [{ name: 'mysql' }, 'tcp'],
  [{ name: 'web' }, 'unspecified'],
  [{}, 'unspecified'],
  [{ name: 'web', appProtocol: 'https' }, 'https'],
  [{ name: 'http', appProtocol: 'tcp' }, 'tcp'],
  [{ name: 'http', appProtocol: 'example.com/own' }, 'http'],
  [{ name: 'http', appProtocol: 'kubernetes.io/h2c' }, 'http2'],
  [{ name: 'http', protocol: 'UDP' }, 'udp'],
])('%j speaks %s', (port, protocol) => expect(portProtocol(port)).toBe(protocol));
