import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from './commands/index.ts';
import type { Io } from './io.ts';
import { runCli } from './main.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-cli-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function run(
  argv: readonly string[],
  input = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  const collect = (name: 'stdout' | 'stderr') =>
    new PassThrough().on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
    });
  const stdin = new PassThrough();
  stdin.end(input);
  const io: Io = {
    stdin,
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    env: { XDG_STATE_HOME: folder, HOME: folder },
    cwd: folder,
    now: () => 0,
    interrupted: new AbortController().signal,
  };
  const code = await runCli(argv, io);
  return { code, ...text };
}

describe('help', () => {
  test('lists the commands by what they are for', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot('output/golden/help.txt');
    expect((await run([])).stdout).toBe(stdout);
  });

  test.each(commands.map(({ name }) => name))('%s --help has examples', async (name) => {
    const { code, stdout } = await run([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: tulle /);
    expect(stdout).toMatch(/Examples:\n {2}\$ tulle /);
  });

  test('version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('exit codes', () => {
  test.each([
    ['an unknown command', ['stauts'], /Did you mean status\?/],
    ['an unknown option', ['get', 'vs', '--wide'], /unknown option/],
    ['a missing argument', ['get'], /missing required argument/],
    ['an unknown kind', ['get', 'virtualservce'], /did you mean "virtualservice"\?/],
    ['an unknown format', ['get', 'vs', '-o', 'xml'], /must be one of/],
    ['nothing to delete', ['delete'], /say what to delete/],
    ['a bad port', ['up', 'mesh.yaml', '--port', 'x'], /--port must be a port number/],
  ])('%s is wrong usage: 2', async (_, argv, message) => {
    const { code, stderr } = await run(argv);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test.each([
    ['no mesh', ['status'], /no mesh is running\nStart one with "tulle up FILE"/],
    ['a file that is not there', ['apply', '-f', 'nowhere.yaml'], /nowhere\.yaml: no such file or folder/],
    ['a folder without resources', ['validate', '.'], /no \*\.yaml/],
  ])('%s is a failure: 1', async (_, argv, message) => {
    const { code, stderr } = await run(argv);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});

describe('validate', () => {
  test('names file, line, column, path and the nearest known name', async () => {
    writeFileSync(
      join(folder, 'mesh.yaml'),
      'apiVersion: tulle.dev/v1alpha1\nkind: Mesh\nmetadata: { name: m }\nspec:\n  trustDomian: x\n',
    );
    const { code, stdout } = await run(['validate', 'mesh.yaml']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^mesh\.yaml:5:3 spec\.trustDomian: .*trustDomain/);
    expect(stdout).toMatch(/1 resource, 1 error\n$/);
  });

  test('reads standard input', async () => {
    const input = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n';
    expect(await run(['validate', '-'], input)).toEqual({
      code: 0,
      stdout: '1 resource, 0 errors\n',
      stderr: '',
    });
  });

  test('a file of 50 MB is refused unread', async () => {
    writeFileSync(join(folder, 'large.yaml'), Buffer.alloc(50 * 1024 * 1024, 32));
    const { code, stdout } = await run(['validate', 'large.yaml']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^large\.yaml:1:1 is 50 MiB large/);
  });
});

test('a mesh file needs exactly one Mesh', async () => {
  writeFileSync(join(folder, 'mesh.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n');
  const { code, stderr } = await run(['up', 'mesh.yaml']);
  expect(code).toBe(1);
  expect(stderr).toContain('no Mesh resource in it');
});

test('what names say is shown, and does nothing to the terminal', async () => {
  writeFileSync(join(folder, 'a\x1b]0;title\x07.yaml'), 'apiVersion: v1\nkind: Pod\n');
  const { stdout, stderr } = await run(['validate', '.']);
  expect(stdout + stderr).toContain('a\\x1b]0;title\\x07.yaml');
  expect(stdout + stderr).not.toContain('\x1b');
});
