import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A process, so that it can't be mistaken for a later one with the same number: its pid and when it was
 * started, as the kernel says it (Linux: ticks since boot and the boot's id; elsewhere what `ps` prints).
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/** @returns undefined when no such process lives; a zombie counts as gone. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  return identify(pid, false);
}

/** A child of ours that has not been waited for: it may be a zombie already, and still is that process. */
export function identifyChild(pid: number): ProcessIdentity | undefined {
  return identify(pid, true);
}

function identify(pid: number, evenZombie: boolean): ProcessIdentity | undefined {
  const start = process.platform === 'linux' ? startOnLinux(pid, evenZombie) : startByPs(pid, evenZombie);
  return start === undefined ? undefined : { pid, start };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.start === identity.start;
}

/**
 * Signals the process, or with `group` its whole process group, if it still is the one that was recorded.
 * @returns whether it was signalled
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  options: { readonly group?: boolean } = {},
): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(options.group ? -identity.pid : identity.pid, signal);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}

let bootId: string | undefined;

/** proc(5): field 22 of /proc/<pid>/stat is `starttime`; the name in field 2 may hold blanks and parentheses. */
function startOnLinux(pid: number, evenZombie: boolean): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const ticks = fields[19];
  if (ticks === undefined || (!evenZombie && (state === 'Z' || state === 'X'))) return undefined;
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().slice(0, 8);
  return `${ticks}@${bootId}`;
}

function startByPs(pid: number, evenZombie: boolean): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'latin1',
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const [stat, ...start] = text.split(/\s+/);
    if (stat === undefined || start.length === 0 || (!evenZombie && stat.startsWith('Z'))) return undefined;
    return start.join(' ');
  } catch {
    return undefined;
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
