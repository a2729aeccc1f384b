import { isAlive, type ProcessIdentity } from '../process/process-identity.ts';

/**
 * What one process makes of capture is named after the mesh and the process: `tulle-<mesh>-<pid>-<start>`, the start
 * being ticks since boot and the boot's id. So each owner has its own, and a later one can tell whose it was.
 */
export function nameOf(mesh: string, { pid, start }: ProcessIdentity): string {
  return `tulle-${mesh}-${pid}-${start.replace('@', '-')}`;
}

/** Whether this is a name of ours whose owner is gone. */
export function isAbandoned(name: string): boolean {
  const owner = ownerOf(name);
  return owner !== undefined && !isAlive(owner);
}

export function ownerOf(name: string): ProcessIdentity | undefined {
  const [, pid, ticks, boot] = /^tulle-.+-(\d+)-(\d+)-([0-9a-f]{8})$/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), start: `${ticks}@${boot}` };
}
