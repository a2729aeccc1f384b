import { type Snapshot, type XdsResource, type XdsType, xdsTypes } from '@tulle/xds/resource';
import { resourceKey } from '../model/origin.ts';
import type { Breather } from './breather.ts';

/** What became of one xDS resource at one proxy. */
export type Delivery =
  | { readonly kind: 'applied' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'rejected'; readonly reason: string };

/** One connected proxy: what it should have, and how far that has come. */
export interface ProxyProgress {
  /** As users know it: `reviews-v1-0.default`. */
  readonly name: string;
  readonly snapshot: Snapshot;
  delivery(type: XdsType, resource: XdsResource): Delivery;
}

/** How far one user resource has come. */
export interface Count {
  /** Proxies that have all that stems from it. */
  applied: number;
  /** Proxies that should. */
  total: number;
  /** Some proxy has neither accepted nor refused yet. */
  pending: boolean;
  readonly rejections: { readonly proxy: string; readonly reason: string }[];
  /** The newest generation that was compiled. */
  generation: number;
}

/**
 * Counts, by `resourceKey`, the proxies that hold everything that was compiled from a resource; resources that no proxy
 * needs are missing. In slices: what changes meanwhile is counted as it was or as it is, whoever changes it asks for
 * another count.
 */
export async function tally(
  proxies: Iterable<ProxyProgress>,
  breather: Breather,
): Promise<ReadonlyMap<string, Count>> {
  const counts = new Map<string, Count>();
  for (const proxy of [...proxies]) {
    count(proxy, counts);
    const pause = breather.pause();
    if (pause !== undefined) await pause;
  }
  return counts;
}

function count(proxy: ProxyProgress, counts: Map<string, Count>): void {
  for (const [key, { outcome, generation }] of outcomesAt(proxy)) {
    let count = counts.get(key);
    if (count === undefined) {
      count = { applied: 0, total: 0, pending: false, rejections: [], generation: 0 };
      counts.set(key, count);
    }
    count.total++;
    count.generation = Math.max(count.generation, generation);
    if (outcome.kind === 'applied') count.applied++;
    else if (outcome.kind === 'pending') count.pending = true;
    else count.rejections.push({ proxy: proxy.name, reason: outcome.reason });
  }
}

interface Outcome {
  outcome: Delivery;
  generation: number;
}

/** Per user resource the worst that became of anything compiled from it: rejected, else pending, else applied. */
function outcomesAt(proxy: ProxyProgress): Map<string, Outcome> {
  const outcomes = new Map<string, Outcome>();
  for (const type of xdsTypes) {
    for (const resource of proxy.snapshot[type].values()) {
      const sources = sourcesOf(resource);
      if (sources.length === 0) continue;
      const delivery = proxy.delivery(type, resource);
      for (const { key, generation } of sources) {
        const known = outcomes.get(key);
        if (known === undefined) {
          outcomes.set(key, { outcome: delivery, generation });
          continue;
        }
        known.generation = Math.max(known.generation, generation);
        if (severity(delivery) > severity(known.outcome)) known.outcome = delivery;
      }
    }
  }
  return outcomes;
}

const severity = ({ kind }: Delivery): number => (kind === 'rejected' ? 2 : kind === 'pending' ? 1 : 0);

interface Source {
  readonly key: string;
  readonly generation: number;
}

/** Compiled resources are shared by proxies and live until they change: read their origins once. */
const sources = new WeakMap<XdsResource, readonly Source[]>();

function sourcesOf(resource: XdsResource): readonly Source[] {
  let found = sources.get(resource);
  if (found === undefined) {
    const newest = new Map<string, number>();
    for (const origin of resource.origins) {
      const key = resourceKey(origin);
      newest.set(key, Math.max(newest.get(key) ?? 0, origin.generation));
    }
    found = [...newest].map(([key, generation]) => ({ key, generation }));
    sources.set(resource, found);
  }
  return found;
}
