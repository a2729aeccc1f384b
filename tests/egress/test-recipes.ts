import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EgressMesh, startEgressMesh } from './egress-mesh.ts';

/** Each recipe, by a client with a sidecar of ours and a gateway of `engine`. */
export function testRecipes(engine: 'tulle' | 'envoy'): void {
  let mesh: EgressMesh;
  beforeAll(async () => {
    mesh = await startEgressMesh(engine);
  });
  afterAll(() => mesh?.stop());

  test.each([
    ['HTTP through the gateway', 'http://plain.example.com/', '200 http plain.example.com', 'gateway'],
    ['TLS origination at the gateway', 'http://api.example.com/', '200 https api.example.com', 'gateway'],
    [
      'TLS passthrough by server name',
      'https://secure.example.com/',
      '200 https secure.example.com',
      'gateway',
    ],
    ['TLS within mTLS', 'https://sealed.example.com/', '200 https sealed.example.com', 'gateway'],
    ['TLS origination at the sidecar', 'http://feeds.example.com/', '200 https feeds.example.com', 'sidecar'],
  ])('%s', async (_, url, answer, leavesBy) => {
    expect(await mesh.ask(url)).toBe(answer);
    const { hostname } = new URL(url);
    const bySidecar = await mesh.connectionsTo('client-0', hostname);
    const byGateway = await mesh.connectionsTo('istio-egressgateway-0', hostname);
    expect([bySidecar > 0, byGateway > 0]).toEqual([leavesBy === 'sidecar', leavesBy === 'gateway']);
  });

  test('nothing else leaves', async () => {
    expect(await mesh.ask('http://elsewhere.example.com/')).toMatch(/^502/);
  });
}
