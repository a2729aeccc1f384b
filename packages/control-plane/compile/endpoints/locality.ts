import type { LocalityLbSetting, PolicySettings } from '../../model/istio.ts';
import { compare } from '../../model/origin.ts';
import {
  type LocalityPolicy,
  localityOf,
  localityPolicy,
  priorityLabel,
} from '../../model/traffic/locality.ts';
import type { View } from '../scope/view.ts';

type Labels = Readonly<Record<string, string>>;

/** How a client's place decides which endpoints of a cluster it prefers. */
export interface Placement {
  readonly policy: LocalityPolicy;
  /** Labels of the client, its topology among them, as far as some setting reads them. */
  readonly client: Labels;
  /** Equal for equal clients. */
  readonly key: string;
}

/** Undefined: every endpoint is as good as any other. */
export function placementOf(view: View, settings: PolicySettings): Placement | undefined {
  const policy = localityPolicy(settings, view.config.mesh.localities);
  if (policy === undefined) return undefined;
  const { labels: client } = view;
  const read = Object.entries(client).toSorted(([a], [b]) => compare(a, b));
  return { policy, client, key: read.map((pair) => pair.join('=')).join(',') };
}

/** An endpoint, as far as its place matters. */
export interface Placeable {
  readonly locality: string;
  /** With its topology. */
  readonly labels: Labels;
  readonly weight: number;
}

/** Endpoints of one locality and priority. */
export interface Group<T> {
  readonly locality: string;
  /** From 0, without gaps. */
  readonly priority: number;
  /** Against other localities, where these are weighted. */
  readonly weight: number;
  readonly members: readonly T[];
}

/**
 * Endpoints by priority and locality, the first priority first. What no share of `distribute` is for is left out,
 * as Istio's.
 */
export function place<T extends Placeable>(
  endpoints: readonly T[],
  placement: Placement | undefined,
): readonly Group<T>[] {
  const { policy, client = {} } = placement ?? {};
  const distribute = policy === undefined ? [] : sharesOf(policy);
  const rank = policy === undefined || distribute.length > 0 ? () => 0 : ranking(policy, client);
  const ranked = Map.groupBy(endpoints, rank);
  const priorities = [...ranked.keys()].toSorted((a, b) => a - b);
  const groups = priorities.flatMap((value, priority) =>
    [...Map.groupBy(ranked.get(value) ?? [], ({ locality }) => locality)]
      .toSorted(([a], [b]) => compare(a, b))
      .map(([locality, members]) => ({ locality, priority, members, weight: weightOf(members) })),
  );
  return distribute.length > 0 ? distributed(groups, distribute, localityOf(client)) : groups;
}

/** Shares of the traffic by locality, where these are what a policy says. */
export const sharesOf = (policy: LocalityPolicy): NonNullable<LocalityLbSetting['distribute']> =>
  policy.kind === 'locality' ? (policy.distribute ?? []) : [];

const weightOf = (members: readonly Placeable[]): number =>
  members.reduce((sum, { weight }) => sum + Math.max(1, weight), 0);

/** The less the better. Zones are for the proxy to choose among: with them only regions count here (Istio). */
function ranking({ kind, failover = [], failoverPriority = [] }: LocalityPolicy, client: Labels) {
  const wanted = failoverPriority.map(priorityLabel);
  const byLabels = ({ labels }: Placeable): number => {
    const at = wanted.findIndex(({ name, value }) => (value ?? client[name] ?? '') !== (labels[name] ?? ''));
    return at < 0 ? 0 : wanted.length - at;
  };
  const own = localityOf(client);
  const byDistance = ({ locality }: Placeable): number => {
    const far = distance(own, locality, failover);
    return kind === 'zone' && far <= sameRegion ? 0 : far;
  };
  if (wanted.length === 0) return byDistance;
  return failover.length === 0 && kind === 'locality'
    ? byLabels
    : (one: Placeable) => byLabels(one) * farthest + byDistance(one);
}

const sameRegion = 2;
const farthest = 5;

/** 0: the same subzone, 1: zone, 2: region, 3: another region that may take over, 4: any other. */
function distance(own: string, other: string, failover: NonNullable<LocalityLbSetting['failover']>): number {
  // Who does not know where it is prefers nobody.
  if (own === '') return 0;
  const [region = '', zone = '', subzone = ''] = own.split('/');
  const [theirRegion = '', theirZone = '', theirSubzone = ''] = other.split('/');
  if (region === theirRegion) {
    if (zone !== theirZone) return sameRegion;
    return subzone === theirSubzone ? 0 : 1;
  }
  const next = failover.find(({ from }) => from === region);
  return next === undefined || next.to === theirRegion ? 3 : 4;
}

/** `region/zone/subzone`, where `*` and what is left out stand for any. */
function covers(pattern: string, locality: string): boolean {
  const names = locality.split('/');
  return pattern
    .split('/')
    .every((part, i) => part === '*' || (part === '' && i > 0) || part === (names[i] ?? ''));
}

/** The more names it says, the more specific: those come first, where several cover a locality. */
const breadth = (pattern: string): number =>
  3 - pattern.split('/').filter((part) => part !== '*' && part !== '').length;

/** A share is divided among the localities that it is for, by their weights. */
function distributed<T extends Placeable>(
  groups: readonly Group<T>[],
  distribute: NonNullable<LocalityLbSetting['distribute']>,
  own: string,
): readonly Group<T>[] {
  const shares = distribute.find(({ from = '' }) => covers(from, own))?.to;
  if (shares === undefined) return groups;
  const patterns = Object.keys(shares).toSorted((a, b) => breadth(a) - breadth(b) || compare(a, b));
  const chosen = Map.groupBy(groups, ({ locality }) => patterns.find((pattern) => covers(pattern, locality)));
  return groups.flatMap((group) => {
    const pattern = patterns.find((one) => covers(one, group.locality));
    const share = pattern === undefined ? 0 : (shares[pattern] ?? 0);
    if (share === 0) return [];
    const together = (chosen.get(pattern) ?? []).reduce((sum, { weight }) => sum + weight, 0);
    return [{ ...group, weight: Math.ceil((group.weight * share * precision) / together) }];
  });
}

/** Weights are whole numbers: shares of one percent can still be divided among many localities. */
const precision = 100;
