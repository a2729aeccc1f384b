import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { gone } from '../state/leftovers.ts';
import { identifyProcess, type ProcessIdentity } from './process-identity.ts';

/** A process that starts a warden and one child of its own, prints both, and waits to be killed. */
const supervisor = (child: string[], before = ''): string => `
  import { spawn } from 'node:child_process';
  import { Warden } from ${JSON.stringify(fileURLToPath(new URL('./warden.ts', import.meta.url)))};
  import { identifyProcess } from ${JSON.stringify(fileURLToPath(new URL('./process-identity.ts', import.meta.url)))};
  const warden = new Warden();
  const child = spawn(${JSON.stringify(child[0])}, ${JSON.stringify(child.slice(1))}, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const identity = identifyProcess(child.pid);
  child.stdout.once('data', () => {
    ${before}
    warden.add('app', identity);
    console.log(JSON.stringify([identity, identifyProcess(warden.pid)]));
  });
  setInterval(() => {}, 1000);
`;

async function killedSupervisor(script: string): Promise<ProcessIdentity[]> {
  const process = spawn(globalThis.process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(process.stdout, 'data');
  process.kill('SIGKILL');
  await once(process, 'exit');
  return JSON.parse(String(line));
}

describe('the warden, when the supervisor is killed -9', () => {
  test('ends the applications and then itself', async () => {
    const processes = await killedSupervisor(supervisor(['/bin/sh', '-c', 'echo up; exec sleep 60']));
    expect(await gone(processes, 30_000)).toBe(true);
  });

  test('ends the whole group, children that ignore SIGTERM included', async () => {
    const script = 'trap "" TERM; (trap "" TERM; echo up; exec sleep 60) & wait';
    const processes = await killedSupervisor(supervisor(['/bin/sh', '-c', script]));
    expect(await gone(processes, 30_000)).toBe(true);
  });

  test('leaves a process alone whose start time is another', async () => {
    const script = supervisor(['/bin/sh', '-c', 'echo up; exec sleep 60'], `identity.start = '1@x';`);
    const [child, warden] = await killedSupervisor(script);
    expect(warden && (await gone([warden], 30_000))).toBe(true);
    const still = identifyProcess(child?.pid ?? 0);
    expect(still).toBeDefined();
    if (still) process.kill(-still.pid, 'SIGKILL');
  });
});
