import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCore } from '../system/cpu.ts';
import { freePort, listening, type Program, startProgram } from '../system/program.ts';
import { grpcMessage } from './grpc-message.ts';
import { nginxConfiguration } from './nginx-configuration.ts';

export interface Backend {
  /** HTTP/1.1, and HTTP/2 by prior knowledge. */
  readonly port: number;
  readonly http2Port: number;
  readonly program: Program;
}

/**
 * The application behind every proxy: nginx with `/1k` (from memory), `/1m` (a file, by sendfile), and by HTTP/2
 * the gRPC method `/bench.Echo/Unary` with a message of 100 bytes and its trailers.
 */
export async function startBackend(folder: string): Promise<Backend> {
  const prefix = join(folder, 'backend');
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, '1m'), Buffer.alloc(1024 * 1024, 'tulle'));
  writeFileSync(join(prefix, 'message'), grpcMessage);
  const [port, http2Port] = [await freePort(), await freePort()];
  const file = join(prefix, 'nginx.conf');
  writeFileSync(
    file,
    nginxConfiguration(prefix, [
      ...backendServer(prefix, port),
      ...backendServer(prefix, http2Port, ' http2'),
    ]),
  );
  const program = startProgram('nginx', ['-p', prefix, '-c', file], { core: loadCore });
  await Promise.all([listening(port), listening(http2Port)]);
  return { port, http2Port, program };
}

/** nginx's server block of it. */
export function backendServer(root: string, port: number, options = ''): string[] {
  return [
    '  server {',
    `    listen 127.0.0.1:${port}${options};`,
    `    location = /1k { default_type text/plain; return 200 "${'t'.repeat(1024)}"; }`,
    `    location = /1m { root ${root}; }`,
    // nginx answers a POST to a file with 405: the file is that error's page.
    '    location = /bench.Echo/Unary { error_page 405 =200 /message; return 405; }',
    '    location = /message {',
    `      internal; root ${root}; default_type application/grpc; add_trailer grpc-status 0 always;`,
    '    }',
    // For probes.
    '    location / { return 200 ""; }',
    '  }',
  ];
}
