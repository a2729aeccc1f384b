import type { DescMessage, Message } from '@bufbuild/protobuf';
import type { ApplyTo, ConfigPatch, Operation } from '@tulle/resources/istio/envoy-filter/kind';
import type { ObjectMatch } from '@tulle/resources/istio/envoy-filter/match';
import type { Origin } from '@tulle/xds/resource';

/** On which side of a proxy something stands. */
export type Context = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

/** A patch whose value is a message. */
export interface Patch {
  readonly applyTo: ApplyTo;
  readonly operation: Operation;
  readonly match: ObjectMatch;
  readonly filterClass: NonNullable<ConfigPatch['patch']>['filterClass'];
  readonly desc: DescMessage;
  /** Undefined: REMOVE needs none. */
  readonly value: Message | undefined;
  /** Where it is written, `spec.configPatches[0]`, and what else is in its value. */
  readonly origins: readonly [Origin, ...Origin[]];
}

/** The patches of one proxy. One object for all proxies that have the same. */
export class PatchSet {
  readonly isGateway: boolean;
  /** By the port that a gateway's listener is bound to: the ports of the servers behind it. */
  readonly gatewayPorts: ReadonlyMap<number, ReadonlySet<number>>;
  readonly patches: readonly Patch[];
  readonly #byTarget: ReadonlyMap<ApplyTo, readonly Patch[]>;
  readonly #without = new Map<Patch, PatchSet>();

  constructor(
    patches: readonly Patch[],
    isGateway: boolean,
    gatewayPorts: ReadonlyMap<number, ReadonlySet<number>>,
  ) {
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

  without(patch: Patch): PatchSet {
    const known = this.#without.get(patch);
    if (known !== undefined) return known;
    const others = this.patches.filter((one) => one !== patch);
    const made = new PatchSet(others, this.isGateway, this.gatewayPorts);
    this.#without.set(patch, made);
    return made;
  }
}

/** Where there is no order, INSERT is ADD (Istio). */
const adds: ReadonlySet<Operation> = new Set(['ADD', 'INSERT_FIRST', 'INSERT_BEFORE', 'INSERT_AFTER']);

export const isAdding = ({ operation }: Patch): boolean => adds.has(operation);
export const isMerging = ({ operation }: Patch): boolean =>
  operation === 'MERGE' || operation === 'MERGE_AND_REPLACE_LIST';
