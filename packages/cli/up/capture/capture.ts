import { networkInterfaces } from 'node:os';
import {
  type CapturedInstance,
  captureRuleset,
  type ProcessSelector,
  removeTable,
} from '@tulle/data-plane/net/capture/ruleset';
import { Failure } from '../../failure.ts';
import type { ProcessIdentity } from '../process/process-identity.ts';
import { CgroupTree, readCgroupMount } from './cgroup-tree.ts';
import { inetTables, type Nft, nft } from './nft.ts';
import { nameOf } from './owner.ts';
import { canTellGroups } from './probe-groups.ts';

/** What an instance's own ports and user say. */
export interface Capturable {
  /** Unique in the mesh. */
  readonly name: string;
  /** The user that the application runs as; undefined: ours. */
  readonly uid: number | undefined;
  readonly appPorts: readonly number[];
  readonly outboundPort: number;
  readonly inboundPort: number;
  readonly dnsPort: number;
}

export interface CaptureOptions {
  readonly mesh: string;
  /** This process. */
  readonly owner: ProcessIdentity;
  /** Mesh `spec.dns.serviceAddresses`. */
  readonly serviceAddresses: string;
  readonly nft?: Nft;
}

/**
 * Redirects the traffic of applications to their sidecars: Idle → Open (at the first instance) → Closed. Rules are
 * in force before an application starts, and go with its instance.
 */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #table: string;
  readonly #nft: Nft;
  readonly #instances = new Map<string, CapturedInstance>();
  /** Who is known by its user. */
  readonly #users = new Map<number, string>();
  #tree: CgroupTree | undefined;
  #opening: Promise<void> | undefined;
  #isOpen = false;
  #applied: Promise<void> = Promise.resolve();

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#table = nameOf(options.mesh, options.owner);
    this.#nft = options.nft ?? nft;
  }

  /**
   * Makes the groups of an instance, so that its sidecar can start in its own.
   * @throws Failure where capture is not possible
   */
  async prepare({ name, uid }: Pick<Capturable, 'name' | 'uid'>): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      // What it lacks may be there the next time.
      this.#opening = undefined;
      throw error;
    });
    await this.#opening;
    if (this.#tree === undefined) this.#claimUser(name, uid);
    else for (const leaf of [proxyGroup(name), appGroup(name)]) this.#tree.add(leaf);
  }

  /** Puts the rules of an instance in force; resolves when they are. @throws Failure with what nft says */
  async add({ uid, ...instance }: Capturable): Promise<void> {
    const { name } = instance;
    const own = process.getuid?.() ?? 0;
    const [app, exempt]: [ProcessSelector, ProcessSelector[]] =
      this.#tree === undefined
        ? [{ kind: 'uid', uid: uid ?? own }, [{ kind: 'uid', uid: own }]]
        : [
            this.#tree.selector(appGroup(name)),
            [this.#tree.supervisor, this.#tree.selector(proxyGroup(name))],
          ];
    const captured = { ...instance, app, exempt };
    this.#instances.set(name, captured);
    try {
      await this.#apply();
    } catch (error) {
      // What nft refuses of one must not be refused of all the others with it.
      if (this.#instances.get(name) === captured) this.#instances.delete(name);
      throw error;
    }
  }

  /** Its application has ended. */
  async remove(name: string): Promise<void> {
    // Rules first: they can't name a group that is gone.
    if (this.#instances.delete(name)) await this.#apply();
    for (const leaf of [proxyGroup(name), appGroup(name)]) this.#tree?.remove(leaf);
    for (const [uid, owner] of this.#users) if (owner === name) this.#users.delete(uid);
  }

  /** Starts a process in its group; without one where this process came from. */
  start<T>(group: string | undefined, start: () => T): T {
    return this.#tree === undefined ? start() : this.#tree.start(group, start);
  }

  /** Undoes everything. Every process that was started is gone by now. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#applied.catch(() => {});
    await this.#nft(['-f', '-'], removeTable(this.#table));
    this.#tree?.close();
    this.#tree = undefined;
  }

  async #open(): Promise<void> {
    if (process.platform !== 'linux') throw new Failure('capture transparent needs Linux');
    if (process.getuid?.() !== 0) throw new Failure('capture transparent needs root');
    // Says whether nft is there and may list.
    await inetTables(this.#nft);
    const home = readCgroupMount();
    if (home !== undefined) {
      this.#tree = new CgroupTree(home, this.#table);
      if (!(await canTellGroups(this.#nft, this.#table, this.#tree.supervisor))) {
        this.#tree.close();
        this.#tree = undefined;
      }
    }
    this.#isOpen = true;
  }

  /** Each change replaces the whole table, in one transaction, after the change before. */
  #apply(): Promise<void> {
    const { mesh, owner, serviceAddresses } = this.#options;
    const next = async (): Promise<void> => {
      if (!this.#isOpen) return;
      const rules = captureRuleset({
        table: this.#table,
        comment: `tulle: mesh ${mesh}, owner pid ${owner.pid} started ${owner.start}`,
        serviceAddresses,
        instances: [...this.#instances.values()],
      });
      await this.#nft(['-f', '-'], rules);
    };
    this.#applied = this.#applied.then(next, next);
    return this.#applied;
  }

  /** Without groups only the user tells an application from everybody else. */
  #claimUser(name: string, uid = 0): void {
    const reason = 'capture transparent: cgroups can’t be used here, so applications are told apart by user';
    if (uid === 0 || uid === process.getuid?.())
      throw new Failure(`${reason}, and ${name} needs one of its own (spec.user; --user of tulle run)`);
    const other = this.#users.get(uid) ?? name;
    if (other !== name) throw new Failure(`${reason}, and ${name} runs as the same as ${other}`);
    this.#users.set(uid, name);
  }
}

export const proxyGroup = (instance: string): string => `${instance}.proxy`;
export const appGroup = (instance: string): string => `${instance}.app`;

/** Loopback of each family that this machine has. */
export function loopbackAddresses(): string[] {
  const hasIpv6 = networkInterfaces().lo?.some(({ family }) => family === 'IPv6') === true;
  return hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}
