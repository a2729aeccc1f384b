/** ServiceEntries whose addresses and names only captured traffic has: fixtures/capture/entries.yaml. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curl, listen, openScene, type Run, type Scene } from '../captured-scene.ts';
import { eventually, type Mesh } from '../mesh.ts';
import { outsideAddress } from '../network-namespace.ts';
import type { Engine } from '../traffic/scenario.ts';

/** All of it leads to the outside, which says where it was called. */
const prefix = '10.98.0.0/16';

/** Istio: reference/config/networking/service-entry, and tasks/traffic-management/egress/wildcard-egress-hosts. */
export function testEntries(engine: Engine): void {
  let scene: Scene;
  let mesh: Mesh;
  beforeAll(async () => {
    scene = await openScene(':', (text) =>
      engine === 'envoy' ? text.replaceAll(/^( {2}command: .*)$/gm, '$1\n  engine: envoy') : text,
    );
    await scene.machine.outside.run('ip', 'route', 'add', 'local', prefix, 'dev', 'lo');
    mesh = await scene.start();
    await mesh.ok('apply', '-f', join(scene.folder, 'entries.yaml'));
    for (const run of [scene.client, scene.stranger])
      await eventually('the entries hold, and nothing else leaves', async () =>
        (await asked(run, 'http://anywhere.outside.test/')) === `200 ${outsideAddress}` &&
        (await asked(run, 'http://www.outside.test/')) !== `200 ${outsideAddress}`
          ? true
          : undefined,
      );
  });
  afterAll(async () => {
    await mesh?.stop();
    await scene?.close();
  });

  /** Status, and the address that was called outside. */
  const asked = async (run: Run, url: string, ...args: string[]): Promise<string> => {
    const format = ['-k', '-o', '/dev/null', '-w', '%{http_code} %header{x-address}'];
    return (await run(...curl(...format, ...args, url))).stdout.trim();
  };
  /** For curl: the application has this address for the name, whoever else knows another. */
  const believing = (name: string, address: string): string[] =>
    [80, 443].flatMap((port) => ['--resolve', `${name}:${port}:${address}`]);
  const bytes = async (address: string): Promise<string> =>
    (await scene.client(...listen(address, 7001))).stdout.trim();

  test('a prefix: bytes to any address in it are the entry’s; beside it there is nothing', async () => {
    expect(await bytes('10.98.1.7')).toBe('hello at 10.98.1.7');
    expect(await bytes('10.98.1.250')).toBe('hello at 10.98.1.250');
    expect(await bytes('10.98.9.1')).toBe('');
  });

  test('a prefix with endpoints: whatever address was called, they answer', async () => {
    expect(await bytes('10.98.2.1')).toBe('hello at 10.98.3.1');
    expect(await bytes('10.98.2.200')).toBe('hello at 10.98.3.1');
  });

  test('an address that hosts share: HTTP is told by Host, bytes go to their endpoints', async () => {
    const at = (name: string): Promise<string> =>
      asked(scene.client, `http://${name}/`, ...believing(name, '10.98.4.1'));
    expect(await at('one.shared.test')).toBe('200 10.98.4.2');
    expect(await at('two.shared.test')).toBe('202');
    expect(await at('three.shared.test')).toBe('502');
    expect(await bytes('10.98.4.1')).toBe('hello at 10.98.4.2');
  });

  test.each(['http', 'https'])('NONE: %s goes to the address that was called', async (scheme) => {
    for (const name of ['anywhere.outside.test', 'any.anywhere.outside.test'])
      expect(await asked(scene.client, `${scheme}://${name}/`, ...believing(name, '10.98.5.7'))).toBe(
        '200 10.98.5.7',
      );
    const other = 'other.outside.test';
    expect(await asked(scene.client, `${scheme}://${other}/`, ...believing(other, '10.98.5.7'))).not.toMatch(
      /^200/,
    );
  });

  test('NONE without capture: nobody knows what was called, so the name is looked up', async () => {
    for (const url of ['http://anywhere.outside.test/', 'https://any.anywhere.outside.test/'])
      expect(await asked(scene.stranger, url), url).toBe(`200 ${outsideAddress}`);
    expect(await asked(scene.stranger, 'http://other.outside.test/')).toBe('502');
  });

  test.each(['http', 'https'])('DYNAMIC_DNS: %s goes where its own name leads', async (scheme) => {
    const name = 'a.named.outside.test';
    const url = `${scheme}://${name}/`;
    expect(await asked(scene.client, url)).toBe(`200 ${outsideAddress}`);
    expect(await asked(scene.client, url, ...believing(name, '10.98.5.7'))).toBe(`200 ${outsideAddress}`);
    expect(await asked(scene.stranger, url)).toBe(`200 ${outsideAddress}`);
  });

  test('DNS asks every address of a name, DNS_ROUND_ROBIN one', async () => {
    const called = async (name: string): Promise<string[]> => {
      const found = new Set<string>();
      for (let i = 0; i < 24; i++) found.add(await asked(scene.client, `http://${name}/`));
      return [...found].sort();
    };
    // Of two at random, one alone with 2^-23.
    expect(await called('many.outside.test')).toEqual(['200 10.98.6.1', '200 10.98.6.2']);
    expect(await called('many.in-turn.outside.test')).toHaveLength(1);
  });
}
