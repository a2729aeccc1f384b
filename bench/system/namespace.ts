import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const congestionControl = '/proc/sys/net/ipv4/tcp_congestion_control';
const inside = 'TULLE_BENCH_NAMESPACE';

/**
 * Goes on in a network namespace of its own, as the same process: with loopback alone, and with CUBIC, Linux's own
 * choice of congestion control. BBR, which some machines are set to, paces on loopback as well: the end of a body
 * of 1 MiB comes up to 100 ms late then, with a proxy or without. Where no namespace may be made, it stays in
 * the machine's.
 */
export function enterNamespace(): void {
  if (process.env[inside] !== undefined) return;
  if (spawnSync('unshare', ['--net', 'true']).status !== 0) {
    process.stderr.write(`bench: no network namespace of its own; TCP is ${congestion()}\n`);
    return;
  }
  const setUp = `ip link set lo up && { echo cubic > ${congestionControl} || true; } && exec "$@"`;
  const again = ['sh', '-c', setUp, 'sh', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // env finds unshare on the PATH.
  process.execve?.('/usr/bin/env', ['env', 'unshare', '--net', ...again], { ...process.env, [inside]: '1' });
}

/** TCP's congestion control here, by its name. */
export function congestion(): string {
  try {
    return readFileSync(congestionControl, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** Makes all addresses of a range this machine's own, in the bench's namespace only. False: it has none. */
export function ownAddresses(range: string): boolean {
  if (process.env[inside] === undefined) return false;
  return spawnSync('ip', ['route', 'add', 'local', range, 'dev', 'lo']).status === 0;
}
