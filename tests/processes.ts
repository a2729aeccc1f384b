/** The processes of a mesh, as its supervisor has recorded them. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MeshProcess {
  readonly name: string;
  readonly role: string;
  readonly pid: number;
}

export function processesOf(stateDir: string): readonly MeshProcess[] {
  const run = JSON.parse(readFileSync(join(stateDir, 'run/run.json'), 'utf8')) as { children: MeshProcess[] };
  return run.children;
}

/** @throws when the mesh has no such process */
export function processNamed(stateDir: string, name: string): MeshProcess {
  const found = processesOf(stateDir).find((process) => process.name === name);
  if (found === undefined)
    throw new Error(`no process ${name}: ${processesOf(stateDir).map((one) => one.name)}`);
  return found;
}

/** A zombie counts as gone: only its parent has not read its exit code yet. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Pids whose command line or environment names `text`: what a mesh with that state folder has left behind. */
export function pidsMentioning(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      ['cmdline', 'environ'].some((file) => readOrEmpty(`/proc/${pid}/${file}`).includes(text)),
    )
    .map(Number);
}

/** Sends it a signal, unless it has ended, and waits for its end. */
export async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
