import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';

/** Our HTTP/2 server against h2spec's cases of RFC 7540 and RFC 7541, in clear text and over TLS. */
const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'packages', 'data-plane', 'http2', 'testing', 'echo-server.ts');
const path = [join(root, 'node_modules', '.cache', 'tulle'), process.env.PATH].join(delimiter);

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function serve(args: readonly string[]): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => child.kill());
  const [line] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
  return line.toString().trim();
}

/** The last line of h2spec's report, and all of it when something failed. */
function h2spec(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('h2spec', args, { env: { ...process.env, PATH: path } }, (error, stdout, stderr) => {
      const summary = /\d+ tests, .*$/m.exec(stdout)?.[0];
      resolve(error === null && summary !== undefined ? summary : stdout + stderr + String(error));
    });
  });
}

const allPassed = /^(\d{3}) tests, \1 passed, 0 skipped, 0 failed$/;

describeWithPeers('h2spec', ['h2spec'], () => {
  test('in clear text', async () => {
    const port = await serve([]);
    expect(await h2spec(['-h', '127.0.0.1', '-p', port])).toMatch(allPassed);
  });

  test('over TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tulle-h2spec-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const { chainPem, keyPem } = await (await testAuthority()).issue({ addresses: ['127.0.0.1'] });
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    writeFileSync(key, keyPem, { mode: 0o600 });
    writeFileSync(certificate, chainPem);
    const port = await serve(['--tls', key, certificate]);
    expect(await h2spec(['-t', '-k', '-h', '127.0.0.1', '-p', port])).toMatch(allPassed);
  });
});
