/** Programs that tests start beside a mesh. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { peerPath } from './peer.ts';

export interface Program {
  stop(): Promise<void>;
}

/** Resolves when it says `ready`. @throws Error when it ends before */
export async function startProgram(
  command: string,
  args: readonly string[],
  ready: string,
): Promise<Program> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => line.includes(ready) && resolve());
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

/** A Redis that keeps nothing. @param folder that it may write to */
export const startRedis = (port: number, folder: string): Promise<Program> =>
  startProgram(
    peerPath('redis-server'),
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    'Ready to accept connections',
  );
