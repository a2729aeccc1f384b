import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identifyProcess } from '../up/process/process-identity.ts';
import { writeJson } from '../up/state/run-record.ts';
import { prepareStateDir, stateDirAt } from '../up/state/state-dir.ts';
import { chooseMesh, chooseRunningMesh } from './choose-mesh.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'tulle-choose-')));
  for (const clone of ['one', 'two']) mkdirSync(join(root, clone, '.git'), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

const context = (cwd = root) => ({ env: { XDG_STATE_HOME: root }, cwd });

function makeMesh(name: string, file: string, isRunning: boolean): void {
  const state = stateDirAt(join(root, 'tulle', name));
  prepareStateDir(state);
  const record = { mesh: name.replace(/-.*/, ''), file };
  writeJson(state.meshRecord, record);
  const supervisor = isRunning ? identifyProcess(process.pid) : { pid: process.pid, start: 'another time' };
  writeJson(state.runRecord, { ...record, supervisor, startedAt: '', urls: {}, children: [] });
}

test('the one that runs', () => {
  makeMesh('a-1', '/elsewhere/a.yaml', true);
  makeMesh('b-1', '/elsewhere/b.yaml', false);
  expect(chooseRunningMesh({}, context()).record.mesh).toBe('a');
  expect(() => chooseRunningMesh({ mesh: 'b' }, context())).toThrow(
    'no mesh "b" is running\nStart it with:\n  tulle up /elsewhere/b.yaml',
  );
  expect(() => chooseRunningMesh({ mesh: 'c' }, context())).toThrow(
    /^no mesh "c" is running[\s\S]*\nRunning: a$/,
  );
  expect(chooseMesh({ mesh: 'b' }, context()).record.mesh).toBe('b');
});

test('of several, the one of the repository that the user stands in', () => {
  makeMesh('m-1', join(root, 'one/mesh.yaml'), true);
  makeMesh('m-2', join(root, 'two/mesh.yaml'), true);
  mkdirSync(join(root, 'two/deep/er'), { recursive: true });
  expect(chooseRunningMesh({}, context(join(root, 'two/deep/er'))).record.file).toBe(
    join(root, 'two/mesh.yaml'),
  );
  expect(() => chooseRunningMesh({}, context('/'))).toThrow(
    /several meshes fit; say which one:\n {2}--mesh m-1 .*\n {2}--mesh m-2 /,
  );
  expect(chooseRunningMesh({ mesh: 'm-1' }, context('/')).record.file).toBe(join(root, 'one/mesh.yaml'));
});

test('a state folder that is named, by option or environment', () => {
  makeMesh('m-1', '/m.yaml', true);
  const folder = join(root, 'tulle/m-1');
  expect(chooseRunningMesh({ state: folder }, { env: {}, cwd: '/' }).record.mesh).toBe('m');
  expect(chooseRunningMesh({}, { env: { TULLE_STATE: folder }, cwd: '/' }).record.mesh).toBe('m');
});

test('a run record that can’t be read is none', () => {
  makeMesh('m-1', '/m.yaml', true);
  writeFileSync(join(root, 'tulle/m-1/run/run.json'), '{"mesh":');
  expect(() => chooseRunningMesh({}, context())).toThrow(/^no mesh is running[\s\S]*--state/);
});
