import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ProcessSelector } from '@tulle/data-plane/net/capture/ruleset';
import { type CgroupMount, findCgroupMount } from './cgroup-mount.ts';
import { isAbandoned } from './owner.ts';

/** nft looks paths up below this folder, wherever the hierarchy is mounted. */
const nftRoot = '/sys/fs/cgroup';
/** The group of this process itself, which probes applications. */
const supervisor = 'supervisor';

export function readCgroupMount(): CgroupMount | undefined {
  try {
    return findCgroupMount(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
  } catch {
    return undefined;
  }
}

/**
 * Control groups of one mesh's processes, below the group that this process was started in (so whoever limits or ends
 * that reaches them all). No controller is switched on: they only tell whose a socket is.
 *
 * ```
 *   <own>/tulle-<mesh>-<pid>-<start>/ ─┬─ supervisor
 *                                      ├─ <instance>.proxy
 *                                      └─ <instance>.app
 * ```
 */
export class CgroupTree {
  readonly #home: CgroupMount;
  readonly #root: string;

  /** Moves this process into the tree. @throws the system's error */
  constructor(home: CgroupMount, name: string) {
    this.#home = home;
    this.#root = join(home.folder, name);
    mkdirSync(join(this.#root, supervisor), { recursive: true });
    enter(join(this.#root, supervisor));
  }

  get supervisor(): ProcessSelector {
    return this.selector(supervisor);
  }

  selector(leaf: string): ProcessSelector {
    return { kind: 'cgroup', path: relative(nftRoot, join(this.#root, leaf)), level: this.#home.level + 2 };
  }

  add(leaf: string): void {
    mkdirSync(join(this.#root, leaf), { recursive: true });
  }

  /** A group that still has processes stays. */
  remove(leaf: string): void {
    removeFolder(join(this.#root, leaf));
  }

  /**
   * Starts a process in a group, or in the one that this process came from: what is started is born where its starter
   * is, so this process goes there for the moment; no shell between, and no moment in another group.
   */
  start<T>(leaf: string | undefined, start: () => T): T {
    enter(leaf === undefined ? this.#home.folder : join(this.#root, leaf));
    try {
      return start();
    } finally {
      enter(join(this.#root, supervisor));
    }
  }

  /** Moves this process back and removes the groups. */
  close(): void {
    enter(this.#home.folder);
    removeTree(this.#root);
  }
}

/** Removes what owners that are gone have left beside us. */
export function sweepCgroups({ folder }: CgroupMount): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (isAbandoned(name)) removeTree(join(folder, name));
}

function enter(folder: string): void {
  writeFileSync(join(folder, 'cgroup.procs'), String(process.pid));
}

/** A group's folder is full of the kernel's files, which go with it. */
function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeFolder(join(folder, entry.name));
  } catch {
    return;
  }
  removeFolder(folder);
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is still in it, or it is gone: the next start sweeps again.
  }
}
