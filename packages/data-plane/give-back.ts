import { readFileSync } from 'node:fs';

/** Linux's MADV_DONTNEED. */
const dontNeed = 4;

/** By then the rest of a start, its first garbage collection included, is over. */
const AFTER_START_MS = 5_000;

/** For a program whose start is over: gives back in a while what only that needed. */
export function giveBackLater(): void {
  // A system that takes nothing back leaves us as we are.
  setTimeout(() => void giveBack().catch(() => {}), AFTER_START_MS).unref();
}

/**
 * Gives back to the system what only the start needed: what the allocator keeps free, and Node's own code and data
 * as far as they are in its file, and are read from there again when they are wanted (a few ms in all). 28 of 53 MB of
 * them are not missed by an idle sidecar. For programs only: it is the whole process's.
 *
 * @returns how many bytes of mapped files were given back
 * @throws Error where this Node or this system can't
 */
export async function giveBack(): Promise<number> {
  if (process.platform !== 'linux') throw new Error('memory is given back on Linux only');
  const { dlopen } = await import('node:ffi');
  const { functions } = dlopen(null, {
    madvise: { arguments: ['u64', 'u64', 'i32'], return: 'i32' },
    malloc_trim: { arguments: ['u64'], return: 'i32' },
  });
  functions.malloc_trim(0n);
  let bytes = 0n;
  for (const { from, to } of cleanFileMappings(readFileSync('/proc/self/smaps', 'utf8'))) {
    if (functions.madvise(from, to - from, dontNeed) === 0) bytes += to - from;
  }
  return Number(bytes);
}

interface Mapping {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * The mappings that can be read again as they are: of a file, not writable, and without a page of our own (what the
 * loader relocated is read-only too, and would be lost).
 *
 * @param smaps as in proc_pid_smaps(5)
 */
export function cleanFileMappings(smaps: string): Mapping[] {
  const found: Mapping[] = [];
  let current: Mapping | undefined;
  let isClean = false;
  for (const line of smaps.split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(\S*)/.exec(line);
    if (head !== null) {
      const [, from, to, mode, inode, path = ''] = head;
      const ofFile = /^r-[x-]p$/.test(mode as string) && inode !== '0' && path.startsWith('/');
      current = ofFile ? { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`) } : undefined;
    } else if (line.startsWith('Anonymous:')) isClean = isNone(line);
    // A page of our own that was swapped out is counted there alone.
    else if (current !== undefined && line.startsWith('Swap:') && isClean && isNone(line))
      found.push(current);
  }
  return found;
}

const isNone = (line: string): boolean => / 0 kB$/.test(line);
