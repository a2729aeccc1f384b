import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LastGood, type RawResources } from './last-good.ts';
import { cluster, route } from './messages.fixture.ts';

let dir: string;
let clock: ManualClock;
let errors: string[];
let resources: RawResources;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tulle-last-good-'));
  clock = new ManualClock();
  errors = [];
  resources = {
    cluster: [cluster('a')],
    endpoint: [],
    listener: [],
    virtualHost: [],
    route: [route('r', 'a')],
    secret: [],
    workload: [],
  };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (): LastGood =>
  new LastGood(
    dir,
    clock,
    () => resources,
    (error) => errors.push(error.message),
  );

test('writes once per burst, for its owner alone, and reads it back', async () => {
  const file = open();
  expect(file.load()).toBeUndefined();
  file.touch();
  file.touch();
  expect(clock.pending).toBe(1);
  clock.advance(500);
  await file.close();
  expect(readdirSync(dir)).toEqual(['configuration.bin']);
  expect(statSync(join(dir, 'configuration.bin')).mode & 0o777).toBe(0o600);
  const loaded = open().load();
  expect(loaded?.cluster.map(({ name, version, bytes }) => [name, version, Buffer.from(bytes)])).toEqual(
    resources.cluster.map(({ name, version, bytes }) => [name, version, Buffer.from(bytes)]),
  );
  expect(loaded?.route).toHaveLength(1);
  expect(errors).toEqual([]);
});

test('close writes what is due', async () => {
  const file = open();
  file.touch();
  await file.close();
  expect(open().load()?.cluster).toHaveLength(1);
});

test('a left-over of a killed process is replaced, with the right mode', async () => {
  writeFileSync(join(dir, 'configuration.bin.new'), 'half');
  chmodSync(join(dir, 'configuration.bin.new'), 0o666);
  const file = open();
  file.touch();
  await file.close();
  expect(statSync(join(dir, 'configuration.bin')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toHaveLength(1);
});

const entry = (...parts: unknown[]): string => `{"format":2,"resources":[${JSON.stringify(parts)}]}\n`;

test.each([
  '',
  '{',
  '[]',
  'null',
  '{"format":1,"cluster":[]}',
  '{"format":2}\n',
  entry('cluster', 'a'),
  entry(1, 2, 3, 4),
  entry('cluster', 'a', '1', -1),
  `${entry('cluster', 'a', '1', 4)}abc`,
  `${entry('cluster', 'a', '1', 4)}abcde`,
])('damage (%s) is reported, not fatal, and overwritten by the next good one', async (text) => {
  writeFileSync(join(dir, 'configuration.bin'), text);
  const file = open();
  expect(file.load()).toBeUndefined();
  expect(errors).toHaveLength(1);
  file.touch();
  await file.close();
  expect(open().load()).toEqual(resources);
});

test('what a newer program has stored beside the types of this one is left out', () => {
  const [{ bytes }] = resources.cluster as [RawResources['cluster'][number]];
  const head = JSON.stringify({
    format: 2,
    resources: [
      ['novelty', 'n', '1', 2],
      ['cluster', 'a', '1', bytes.length],
    ],
  });
  writeFileSync(join(dir, 'configuration.bin'), Buffer.concat([Buffer.from(`${head}\nxx`), bytes]), {
    mode: 0o600,
  });
  expect(open().load()?.cluster).toMatchObject([{ name: 'a', bytes: new Uint8Array(bytes) }]);
  expect(errors).toEqual([]);
});

test.each<[string, (path: string) => void]>([
  ['that others can write', (path) => chmodSync(path, 0o620)],
  [
    'that is a link to another',
    (path) => {
      renameSync(path, `${path}.theirs`);
      symlinkSync(`${path}.theirs`, path);
    },
  ],
  [
    'that is none',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
  [
    'that nobody writes to',
    (path) => {
      rmSync(path);
      execFileSync('mkfifo', ['-m', '600', path]);
    },
  ],
])('a file %s is not believed', async (_, plant) => {
  const before = open();
  before.touch();
  await before.close();
  expect(open().load()).toEqual(resources);
  plant(join(dir, 'configuration.bin'));
  expect(open().load()).toBeUndefined();
  expect(errors).toHaveLength(1);
});

test.runIf(process.geteuid?.() === 0)('nor one of another user', async () => {
  const before = open();
  before.touch();
  await before.close();
  chownSync(join(dir, 'configuration.bin'), 12_345, 0);
  expect(open().load()).toBeUndefined();
});
