/** HTTP of both versions, gRPC and WebSockets through a mesh of our own sidecars, and what they speak to each other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answersFrom, type ProtocolMesh, startProtocolMesh, statistic } from './protocol-mesh.ts';

let mesh: ProtocolMesh;
beforeAll(async () => {
  mesh = await startProtocolMesh(['tulle']);
});
afterAll(() => mesh?.stop());

test('each protocol reaches the application as it is', async () => {
  expect(await answersFrom(mesh, 'tulle', 'tulle')).toEqual({
    http: 'HTTP/1.1',
    http2: 'HTTP/2.0',
    websocket: 'over a WebSocket',
    grpc: 'by gRPC',
  });
});

test('between the sidecars all travel by HTTP/2, one connection for each service', async () => {
  for (let i = 0; i < 3; i++) await answersFrom(mesh, 'tulle', 'tulle');
  const made = (name: string): Promise<number> => statistic(mesh, 'client-tulle-0', new RegExp(name));
  expect(await made('upstream_cx_http1_total.*tulle-')).toBe(0);
  expect(await made('upstream_cx_http2_total.*tulle-')).toBe(3);
  expect(await statistic(mesh, 'server-tulle-0', /downstream_cx_http1_total.*inbound/)).toBe(0);
});
