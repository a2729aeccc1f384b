import type { DescMessage, Message } from '@bufbuild/protobuf';
import type { ApplyTo, ConfigPatch, Operation } from '@tulle/resources/istio/envoy-filter/kind';
import type { ObjectMatch } from '@tulle/resources/istio/envoy-filter/match';
import type { Origin } from '@tulle/xds/resource';
import { resourceKey } from '../../model/origin.ts';
import { cached } from '../messages/cached.ts';

/** On which side of a proxy something stands. */
export type Context = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

/** A patch whose value is a message. */
export interface Patch {
  readonly applyTo: ApplyTo;
  readonly operation: Operation;
  readonly match: ObjectMatch;
  /** Undefined: for proxies of all versions. */
  readonly isForVersion: ((version: string) => boolean) | undefined;
  readonly filterClass: NonNullable<ConfigPatch['patch']>['filterClass'];
  readonly desc: DescMessage;
  /** Undefined: REMOVE needs none. */
  readonly value: Message | undefined;
  /** Where it is written, `spec.configPatches[0]`, and what else is in its value. */
  readonly origins: readonly [Origin, ...Origin[]];
}

/** How much is left out for a patch that can't stay. */
export type LeftOut = 'patch' | 'filter' | 'namespace';

/** So many single patches, and then so many EnvoyFilters: looking for each costs as much as applying all. */
const maxSearches = 8;

/** The patches of one proxy. One object for all proxies that have the same. */
export class PatchSet {
  readonly isGateway: boolean;
  /** By the port that a gateway's listener is bound to: the ports of the servers behind it. */
  readonly gatewayPorts: ReadonlyMap<number, ReadonlySet<number>>;
  readonly patches: readonly Patch[];
  readonly #byTarget: ReadonlyMap<ApplyTo, readonly Patch[]>;
  readonly #without = new WeakMap<Patch, PatchSet>();
  /** How often something has been left out. */
  readonly #searches: number;

  constructor(
    patches: readonly Patch[],
    isGateway: boolean,
    gatewayPorts: ReadonlyMap<number, ReadonlySet<number>>,
    searches = 0,
  ) {
    this.#searches = searches;
    this.patches = patches;
    this.isGateway = isGateway;
    this.gatewayPorts = gatewayPorts;
    this.#byTarget = Map.groupBy(patches, ({ applyTo }) => applyTo);
  }

  /** In the order in which they are applied. */
  of(applyTo: ApplyTo, context: Context): readonly Patch[] {
    const patches = this.#byTarget.get(applyTo) ?? [];
    return patches.filter(({ match }) => {
      const { context: wanted = 'ANY' } = match;
      return wanted === 'ANY' || wanted === context;
    });
  }

  /** Those that add whole resources: once for a proxy, on whichever side. */
  adding(applyTo: 'LISTENER' | 'CLUSTER'): readonly Patch[] {
    return (this.#byTarget.get(applyTo) ?? []).filter(
      ({ operation, match: { context = 'ANY' } }) =>
        adds.has(operation) && (context === 'ANY' || (context === 'GATEWAY') === this.isGateway),
    );
  }

  has(...targets: readonly ApplyTo[]): boolean {
    return targets.some((target) => this.#byTarget.has(target));
  }

  /** What goes with the next patch that can't stay: only that, at first. */
  get leavesOut(): LeftOut {
    if (this.#searches < maxSearches) return 'patch';
    return this.#searches < 2 * maxSearches ? 'filter' : 'namespace';
  }

  /** Without a patch that can't stay, and what goes with it. */
  without(patch: Patch): PatchSet {
    return cached(this.#without, patch, () => {
      const goes = alike[this.leavesOut];
      const others = this.patches.filter((one) => !goes(one, patch));
      return new PatchSet(others, this.isGateway, this.gatewayPorts, this.#searches + 1);
    });
  }

  /** Of its patches only these. */
  only(patches: readonly Patch[]): PatchSet {
    const wanted = new Set(patches);
    const kept = this.patches.filter((patch) => wanted.has(patch));
    return new PatchSet(kept, this.isGateway, this.gatewayPorts);
  }
}

const alike: Readonly<Record<LeftOut, (one: Patch, other: Patch) => boolean>> = {
  patch: (one, other) => one === other,
  filter: ({ origins: [one] }, { origins: [other] }) => resourceKey(one) === resourceKey(other),
  namespace: ({ origins: [one] }, { origins: [other] }) => one.namespace === other.namespace,
};

/** Where there is no order, INSERT is ADD (Istio). */
const adds: ReadonlySet<Operation> = new Set(['ADD', 'INSERT_FIRST', 'INSERT_BEFORE', 'INSERT_AFTER']);

export const isAdding = ({ operation }: Patch): boolean => adds.has(operation);
export const isMerging = ({ operation }: Patch): boolean =>
  operation === 'MERGE' || operation === 'MERGE_AND_REPLACE_LIST';
