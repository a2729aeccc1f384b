import { afterAll, beforeAll, expect, test } from 'vitest';
import { curl, dig, listen, openScene, portsOf, rules, type Scene } from '../captured-scene.ts';
import type { Mesh } from '../mesh.ts';
import { outsideAddress } from '../network-namespace.ts';
import { describeCaptured } from './describe-captured.ts';

describeCaptured('captured applications beside Envoys', ['envoy'], () => {
  let scene: Scene;
  let mesh: Mesh;
  beforeAll(async () => {
    scene = await openScene(':', (text) => text.replaceAll(/^( {2}command: .*)$/gm, '$1\n  engine: envoy'));
    mesh = await scene.start();
  });
  afterAll(async () => {
    await mesh?.stop();
    await scene?.close();
  });

  test('services, the world, and names', async () => {
    const text = async (...command: string[]) => (await scene.client(...command)).stdout;
    const seen = JSON.parse(await text(...curl('http://echo.default/x'))) as { from: string; peer: string };
    expect(seen.from).toBe('echo-0');
    expect(seen.peer).toContain('URI=spiffe://cluster.local/ns/default/sa/client');
    expect(await text(...listen('echo', 7000))).toBe('hello from echo-0\n');
    expect(await text(...listen(outsideAddress, 7000))).toBe('hello from outside\n');
    expect(await text(...curl('http://www.outside.test/'))).toBe('outside of www.outside.test');
    expect(await text(...curl('-k', 'https://tls.outside.test/'))).toBe('outside by TLS');
    expect(await text(...curl('http://api.outside.test/'))).toBe('outside of api.outside.test');
    expect(await text(...dig('+short', 'echo.default.svc.cluster.local'))).toMatch(/^240\.240\.\d+\.\d+\n$/);
  });

  test('nobody gets past them, and a stop leaves nothing', async () => {
    const { app } = portsOf(mesh, 'echo-0');
    expect((await scene.client(...curl('-f', `http://127.0.0.1:${app}/`))).code).not.toBe(0);
    await mesh.stop();
    expect(await rules(scene)).toBe('');
  });
});
