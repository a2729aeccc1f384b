/** HTTP of both versions, gRPC and WebSockets between our sidecars and Envoys, every way round. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answersFrom, type ProtocolMesh, startProtocolMesh, statistic } from '../protocol-mesh.ts';
import { describeWithPeers } from './peer.ts';

describeWithPeers('sidecars of both engines', ['envoy'], () => {
  let mesh: ProtocolMesh;
  beforeAll(async () => {
    mesh = await startProtocolMesh(['tulle', 'envoy']);
  });
  afterAll(() => mesh?.stop());

  test.each([
    ['tulle', 'envoy'],
    ['envoy', 'tulle'],
    ['envoy', 'envoy'],
    ['tulle', 'tulle'],
  ] as const)('%s to %s: each protocol reaches the application as it is', async (from, to) => {
    expect(await answersFrom(mesh, from, to)).toEqual({
      http: 'HTTP/1.1',
      http2: 'HTTP/2.0',
      websocket: 'over a WebSocket',
      grpc: 'by gRPC',
    });
  });

  test('ours speak HTTP/2 to an Envoy; an Envoy HTTP/1.1 for ports of it', async () => {
    expect(await statistic(mesh, 'client-tulle-0', /upstream_cx_http1_total.*envoy-/)).toBe(0);
    expect(await statistic(mesh, 'client-tulle-0', /upstream_cx_http2_total.*envoy-/)).toBe(3);
    expect(await statistic(mesh, 'client-envoy-0', /tulle-http\..*upstream_cx_http1_total/)).toBeGreaterThan(
      0,
    );
    expect(await statistic(mesh, 'client-envoy-0', /tulle-grpc\..*upstream_cx_http2_total/)).toBe(1);
  });
});
