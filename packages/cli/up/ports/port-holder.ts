import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/**
 * Who listens on a TCP port, as far as this user may know: from /proc on Linux, by lsof elsewhere.
 * @returns undefined when it can't be known
 */
export function findPortHolder(port: number): PortHolder | undefined {
  try {
    return process.platform === 'linux' ? holderOnLinux(port) : holderByLsof(port);
  } catch {
    return undefined;
  }
}

/** The port, and whose it is where that can be known. */
export function describePort(port: number): string {
  const holder = findPortHolder(port);
  return holder === undefined ? `${port}` : `${port} (held by process ${holder.pid}, ${holder.command})`;
}

/** proc_net(5): local address is `HEXIP:HEXPORT`, state 0A is LISTEN, field 10 the socket's inode. */
function holderOnLinux(port: number): PortHolder | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(suffix) && fields[3] === '0A' && fields[9] !== undefined)
        inodes.add(`socket:[${fields[9]}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    if (descriptorsOf(pid).some((target) => inodes.has(target))) {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
      return { pid: Number(pid), command };
    }
  }
  return undefined;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').slice(1);
  } catch {
    return [];
  }
}

/** What the process's descriptors point to; nothing for other users' processes. */
function descriptorsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function holderByLsof(port: number): PortHolder | undefined {
  const text = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = /^p(\d+)$/m.exec(text)?.[1];
  const command = /^c(.*)$/m.exec(text)?.[1] ?? '';
  return pid === undefined ? undefined : { pid: Number(pid), command };
}
