import { isAbsolute, join, relative } from 'node:path';

/** Where cgroup v2 is, and where a process is in it. */
export interface CgroupMount {
  /** The process's own group as a folder. */
  readonly folder: string;
  /** How deep it lies; 0 is the root. */
  readonly level: number;
}

/**
 * Finds cgroup v2 from /proc/self/mountinfo (proc(5): the fields after ` - ` are type, source, options) and the
 * process's group from /proc/self/cgroup (the line of hierarchy 0). Beside cgroup v1 it is mounted somewhere else
 * than /sys/fs/cgroup. Undefined: it is not there, or can only be read.
 */
export function findCgroupMount(mountinfo: string, ownCgroup: string): CgroupMount | undefined {
  const own = /^0::(\/.*)$/m.exec(ownCgroup)?.[1];
  if (own === undefined) return undefined;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mountPoint = '', options = ''] = before.split(' ');
    const [type, , superOptions = ''] = after.split(' ');
    if (type !== 'cgroup2' || !isWritable(options) || !isWritable(superOptions)) continue;
    const below = relative(decoded(root), own);
    // The group lies outside of what is mounted here.
    if (below.startsWith('..') || isAbsolute(below)) continue;
    return { folder: join(decoded(mountPoint), below), level: own.split('/').filter(Boolean).length };
  }
  return undefined;
}

const isWritable = (options: string): boolean => options.split(',').includes('rw');

/** Blanks and backslashes are octal in mountinfo. */
const decoded = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
