import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  expect(readdirSync(dir)).toEqual(['configuration.json']);
  expect(statSync(join(dir, 'configuration.json')).mode & 0o777).toBe(0o600);
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
  writeFileSync(join(dir, 'configuration.json.new'), 'half');
  chmodSync(join(dir, 'configuration.json.new'), 0o666);
  const file = open();
  file.touch();
  await file.close();
  expect(statSync(join(dir, 'configuration.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toHaveLength(1);
});

test.each([
  '',
  '{',
  '[]',
  'null',
  '{"format":2}',
  '{"format":1}',
  '{"format":1,"cluster":[["a"]]}',
  '{"format":1,"cluster":[[1,2,3]]}',
])('damage (%s) is reported, not fatal, and overwritten by the next good one', async (text) => {
  writeFileSync(join(dir, 'configuration.json'), text);
  const file = open();
  expect(file.load()).toBeUndefined();
  expect(errors).toHaveLength(1);
  file.touch();
  await file.close();
  expect(JSON.parse(readFileSync(join(dir, 'configuration.json'), 'utf8'))).toMatchObject({ format: 1 });
});
