import type { NetworkGateway, Networks } from '../../model/mesh/networks.ts';
import type { ClusterRef } from '../clusters/cluster-ref.ts';
import type { Group, Placeable } from './locality.ts';

/** An endpoint, as far as it matters which network it is in. */
export interface Networked extends Placeable {
  /** Empty: it is in all of them. */
  readonly network: string;
  /** It takes mTLS: gateways between networks know no more of a connection than the server name. */
  readonly mutual: boolean;
  readonly isHealthy: boolean;
}

/** Endpoints as their client finds them. */
export interface Parted<T> {
  /** Reached at their own addresses. */
  readonly near: readonly T[];
  /** Reached through gateways; what no gateway can lead to is left out. */
  readonly far: readonly T[];
}

/** A gateway, in the place of the endpoints behind it. */
export interface Behind {
  readonly network: string;
  readonly gateway: NetworkGateway;
  readonly isHealthy: boolean;
}

/** What a client connects to. */
export interface Reached<T> {
  readonly to: { readonly endpoint: T } | Behind;
  readonly weight: number;
}

/** Who is reached how. In a network that has one that is healthy, others do not count. */
export function parted<T extends Networked>(
  { network, onlyMutual }: ClusterRef,
  { gateways }: Networks,
  endpoints: readonly T[],
): Parted<T> {
  if (network === undefined) return { near: endpoints, far: [] };
  const isHere = (one: T): boolean => one.network === '' || one.network === network;
  // What came through a gateway goes no further than its network: two of them could send it to and fro.
  if (onlyMutual) return { near: endpoints.filter(isHere), far: [] };
  const isNear = (one: T): boolean => isHere(one) || !gateways.has(one.network);
  const near = endpoints.filter(isNear);
  if (near.length === endpoints.length) return { near, far: [] };
  const far = endpoints.filter(
    (one) => one.mutual && !isNear(one) && (gateways.get(one.network)?.length ?? 0) > 0,
  );
  const healthy = new Set(far.filter(({ isHealthy }) => isHealthy).map((one) => one.network));
  return { near, far: far.filter((one) => one.isHealthy || !healthy.has(one.network)) };
}

/** Endpoints of one locality, while it is worked out what stands for them. */
interface Draft<T> {
  weight: number;
  readonly near: T[];
  /** By network: what the endpoints behind its gateways weigh, and one of them. */
  readonly far: Map<string, { weight: number; readonly one: T }>;
}

/**
 * Groups of endpoints with gateways in the place of those behind them, in the locality of these: the weight of endpoints is
 * shared by the gateways of their network, all weights being multiplied so that shares are whole (Istio). An address may
 * stand once: gateways are in the best priority that they are of use for, in the first group of it, to which they bring the
 * shares that their endpoints have in the others.
 */
export function throughGateways<T extends Networked>(
  groups: readonly Group<T>[],
  { far }: Parted<T>,
  { gateways }: Networks,
): readonly Group<Reached<T>>[] {
  const behind = new Set<T>(far);
  const entries = (network: string): readonly NetworkGateway[] => gateways.get(network) ?? [];
  const scale = far.reduce(
    (multiple, { network }) => leastCommonMultiple(multiple, entries(network).length),
    1,
  );
  const homes = new Map<string, Group<T>>();
  for (const group of groups)
    for (const one of group.members)
      if (behind.has(one) && !homes.has(one.network)) homes.set(one.network, group);

  const drafts = new Map(groups.map((group) => [group, emptyDraft<T>()]));
  for (const group of groups) {
    const all = group.members.reduce((sum, one) => sum + weightOf(one), 0);
    for (const one of group.members) {
      const home = behind.has(one) ? homes.get(one.network) : group;
      const draft = home?.priority === group.priority ? drafts.get(home) : undefined;
      if (draft === undefined) continue;
      draft.weight += (group.weight * weightOf(one)) / all;
      const known = draft.far.get(one.network);
      if (!behind.has(one)) draft.near.push(one);
      else if (known === undefined) draft.far.set(one.network, { weight: weightOf(one), one });
      else known.weight += weightOf(one);
    }
  }
  const reached = [...drafts].flatMap(([{ locality, priority }, draft]): Group<Reached<T>>[] => {
    const members = [
      ...draft.near.map((endpoint) => ({ to: { endpoint }, weight: weightOf(endpoint) * scale })),
      ...[...draft.far].flatMap(([network, { weight, one }]) =>
        entries(network).map((gateway) => ({
          to: { network, gateway, isHealthy: one.isHealthy },
          weight: (weight * scale) / entries(network).length,
        })),
      ),
    ];
    const weight = Math.max(1, Math.round(draft.weight));
    return members.length === 0 ? [] : [{ locality, priority, weight, members }];
  });
  const priorities = [...new Set(reached.map(({ priority }) => priority))];
  return reached.map((group) => ({ ...group, priority: priorities.indexOf(group.priority) }));
}

const emptyDraft = <T>(): Draft<T> => ({ weight: 0, near: [], far: new Map() });

const weightOf = ({ weight }: Placeable): number => Math.max(1, weight);

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a * b) / x;
}
