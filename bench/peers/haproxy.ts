import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyCore } from '../system/cpu.ts';
import { listening, startProgram } from '../system/program.ts';
import type { HopPlan, Peer } from './peer.ts';

export const haproxy: Peer = {
  name: 'haproxy',
  protocols: ['http1', 'http2', 'tcp'],
  work: 'routing, x-request-id, retries, no log',
  version: () =>
    /version (\S+)/.exec(execFileSync('haproxy', ['-v'], { encoding: 'utf8' }))?.[1] ?? 'unknown',
  async start(plan) {
    const file = join(plan.folder, `haproxy-${plan.port}.cfg`);
    writeFileSync(file, configuration(plan));
    const program = startProgram('haproxy', ['-db', '-f', file], { core: proxyCore });
    await listening(plan.port);
    return { program };
  },
};

function configuration({ shape, port, upstreamPort, certificates: { root, combined } }: HopPlan): string {
  const { protocol, mtls } = shape;
  const alpn = protocol === 'http2' ? ' alpn h2' : '';
  const plain = protocol === 'http2' ? ' proto h2' : '';
  const bindTls = mtls === 'in' ? ` ssl crt ${combined} ca-file ${root} verify required${alpn}` : plain;
  const serverTls = mtls === 'out' ? ` ssl crt ${combined} ca-file ${root} verify required${alpn}` : plain;
  const http = protocol !== 'tcp';
  return [
    'global',
    '  nbthread 1',
    '  maxconn 9500',
    '  ssl-default-bind-options ssl-min-ver TLSv1.3',
    '  ssl-default-server-options ssl-min-ver TLSv1.3',
    'defaults',
    `  mode ${http ? 'http' : 'tcp'}`,
    '  timeout connect 2s',
    '  timeout client 1h',
    '  timeout server 1h',
    '  maxconn 9500',
    ...(http ? ['  option http-keep-alive', '  http-reuse always', '  retries 2'] : []),
    'frontend in',
    `  bind 127.0.0.1:${port}${bindTls}`,
    ...(http ? ['  http-request set-header x-request-id %[uuid()]'] : []),
    '  default_backend out',
    'backend out',
    ...(http ? ['  retry-on conn-failure empty-response 503'] : []),
    `  server one 127.0.0.1:${upstreamPort} pool-max-conn -1${serverTls}`,
    '',
  ].join('\n');
}
