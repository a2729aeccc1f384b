import { readFileSync } from 'node:fs';

/** Linux's MADV_DONTNEED. */
const dontNeed = 4;

/** How often a program looks whether it has come to rest. */
const LOOK_MS = 2_500;
/** CPU between two looks, milliseconds: with less, nobody waits for what it takes to give back. */
const RESTING_MS = 25;
/** CPU since the last time, milliseconds: with less, there is little to give back. */
const WORTH_MS = 300;

/** For a program whose start is over: gives back what only that needed, and later what a burst or a large configuration did. */
export function giveBackWhenResting(): void {
  const rest = new Rest(cpuMs());
  const timer = setInterval(() => {
    if (!rest.comesAfterWork(cpuMs())) return;
    // A system that takes nothing back leaves us as we are.
    giveBack().catch(() => clearInterval(timer));
  }, LOOK_MS).unref();
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Tells when a program rests that has worked since it last did. */
export class Rest {
  #last: number;
  /** A start is always worth it, however little it took. */
  #rested = Number.NEGATIVE_INFINITY;

  /** @param cpu of the process so far, milliseconds, as always here */
  constructor(cpu: number) {
    this.#last = cpu;
  }

  /** Call at every look. */
  comesAfterWork(cpu: number): boolean {
    const resting = cpu - this.#last < RESTING_MS;
    this.#last = cpu;
    if (!resting || cpu - this.#rested < WORTH_MS) return false;
    this.#rested = cpu;
    return true;
  }
}

/**
 * Gives back to the system what is not needed at rest: what the allocator keeps free, and Node's own code and data
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
