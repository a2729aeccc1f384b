import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyCore } from '../system/cpu.ts';
import { listening, startProgram } from '../system/program.ts';
import { nginxConfiguration } from './nginx-configuration.ts';
import type { HopPlan, Peer } from './peer.ts';

export const nginx: Peer = {
  name: 'nginx',
  // It speaks HTTP/1.1 to upstreams.
  protocols: ['http1'],
  work: 'routing, x-request-id, next upstream on error, no log',
  version: () =>
    /nginx\/(\S+)/.exec(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr)?.[1] ?? 'unknown',
  async start(plan) {
    const prefix = join(plan.folder, `nginx-${plan.port}`);
    mkdirSync(prefix, { recursive: true });
    const file = join(prefix, 'nginx.conf');
    writeFileSync(file, nginxConfiguration(prefix, server(plan)));
    const program = startProgram('nginx', ['-p', prefix, '-c', file], { core: proxyCore });
    await listening(plan.port);
    return { program };
  },
};

function server({ shape, port, upstreamPort, certificates: { root, chain, key } }: HopPlan): string[] {
  const tlsIn = [
    `    ssl_certificate ${chain}; ssl_certificate_key ${key};`,
    `    ssl_client_certificate ${root}; ssl_verify_client on; ssl_protocols TLSv1.3;`,
  ];
  const tlsOut = [
    `      proxy_ssl_certificate ${chain}; proxy_ssl_certificate_key ${key};`,
    `      proxy_ssl_trusted_certificate ${root}; proxy_ssl_verify off; proxy_ssl_protocols TLSv1.3;`,
  ];
  return [
    `  upstream out { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }`,
    '  server {',
    `    listen 127.0.0.1:${port}${shape.mtls === 'in' ? ' ssl' : ''};`,
    ...(shape.mtls === 'in' ? tlsIn : []),
    '    location / {',
    `      proxy_pass ${shape.mtls === 'out' ? 'https' : 'http'}://out;`,
    '      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;',
    '      proxy_set_header x-request-id $request_id;',
    ...(shape.mtls === 'out' ? tlsOut : []),
    '    }',
    '  }',
  ];
}
