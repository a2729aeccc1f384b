/**
 * `npm run test:peers`: our planes against software that no one here wrote. Installs what it can from the
 * registries; names what is missing. In CI (CI=true) a missing peer fails, elsewhere its tests are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cache, debian, envoy, install, run, venv } from './peer-tools.mjs';
import { root } from './setup.mjs';

const kubectl = join(cache, 'kubectl');

/** Each peer: how to tell that it is there, and how to get it. */
const peers = [
  envoy,
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
  debian('chromium'),
  debian('tmux', 'tmux', ['-V']),
  debian('openssl', 'openssl', ['version']),
  debian('curl', 'curl', ['--version']),
  debian('nftables', 'nft'),
  debian('iproute2', 'ip', ['-V']),
  debian('bind9-dnsutils', 'dig', ['-v']),
  debian('nghttp2-client', 'nghttp', ['--version']),
  debian('haproxy', 'haproxy', ['-v']),
  debian('nginx', 'nginx', ['-v']),
  debian('redis-server'),
  {
    ...debian('libnginx-mod-stream'),
    there: () => existsSync('/usr/lib/nginx/modules/ngx_stream_module.so'),
  },
];

mkdirSync(cache, { recursive: true });
const missing = install(peers);
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
