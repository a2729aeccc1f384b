import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadCore } from '../system/cpu.ts';
import { freePort, listening, type Program, startProgram } from '../system/program.ts';
import { nginxConfiguration } from './nginx-configuration.ts';

/** The application behind every proxy: nginx with `/1k` (from memory) and `/1m` (a file, by sendfile). */
export async function startBackend(
  folder: string,
): Promise<{ readonly port: number; readonly program: Program }> {
  const prefix = join(folder, 'backend');
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, '1m'), Buffer.alloc(1024 * 1024, 'tulle'));
  const bound = await freePort();
  const file = join(prefix, 'nginx.conf');
  writeFileSync(file, nginxConfiguration(prefix, backendServer(prefix, bound)));
  const program = startProgram('nginx', ['-p', prefix, '-c', file], { core: loadCore });
  await listening(bound);
  return { port: bound, program };
}

/** nginx's server block of it. */
export function backendServer(root: string, port: number): string[] {
  return [
    '  server {',
    `    listen 127.0.0.1:${port};`,
    `    location = /1k { default_type text/plain; return 200 "${'t'.repeat(1024)}"; }`,
    `    location = /1m { root ${root}; }`,
    // For probes.
    '    location / { return 200 ""; }',
    '  }',
  ];
}
