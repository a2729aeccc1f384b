import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, root, startMesh, temporaryFolder } from './mesh.ts';

const run = promisify(execFile);
const place = temporaryFolder();
const app = join(place.path, 'app');

/** Builds, packs and installs every package into an empty folder, as a user of the registry would. */
beforeAll(async () => {
  await run('node', ['scripts/build.mjs'], { cwd: root });
  const packed = join(root, 'dist', 'npm');
  const folders = readdirSync(packed).map((name) => join(packed, name));
  await run('npm', ['pack', '--silent', '--pack-destination', place.path, ...folders], { cwd: place.path });
  const tarballs = readdirSync(place.path).filter((name) => name.endsWith('.tgz'));
  const dependencies = Object.fromEntries(tarballs.map((name) => [packageName(name), `file:../${name}`]));
  await run('mkdir', [app]);
  // Overrides: the packages name each other by version, and that version is not in a registry yet.
  writeFileSync(
    join(app, 'package.json'),
    JSON.stringify({ name: 'app', private: true, dependencies, overrides: overridesOf(dependencies) }),
  );
  await run('npm', ['install', '--no-audit', '--no-fund', '--silent', '--prefer-offline'], { cwd: app });
}, 600_000);

afterAll(() => place.remove());

const packageName = (tarball: string): string =>
  tarball.replace(/-\d+\.\d+\.\d+.*\.tgz$/, '').replace(/^tulle-/, '@tulle/');

const overridesOf = (dependencies: Record<string, string>) =>
  Object.fromEntries(Object.keys(dependencies).map((name) => [name, `$${name}`]));

const tulle = (...args: string[]) => run(join(app, 'node_modules/.bin/tulle'), args, { cwd: app });

test('the installed command runs', async () => {
  expect((await tulle('--version')).stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test('it validates a file', async () => {
  const { stdout } = await tulle('validate', join(root, 'examples/bookinfo/mesh.yaml'));
  expect(stdout).toMatch(/ 0 errors/);
});

test('it runs a mesh that serves', async () => {
  const state = temporaryFolder();
  const program = join(app, 'node_modules/tulle/bin/tulle.mjs');
  const mesh = await startMesh('tests/fixtures/churn/mesh.yaml', state.path, [], program);
  try {
    await eventually('the mesh serves', async () =>
      (await fetchOnce(mesh.url)).status === 200 ? true : undefined,
    );
  } finally {
    await mesh.stop();
    state.remove();
  }
});
