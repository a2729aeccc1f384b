import type { XdsResource } from '@tulle/xds/resource';
import type { AccountIndex } from '../../model/instances/accounts.ts';
import type { Model } from '../../model/model.ts';
import { compare } from '../../model/origin.ts';
import { cached } from '../messages/cached.ts';
import { type Note, note } from '../note.ts';
import type { Engine } from '../proxy.ts';
import { clientSecrets } from '../tls/secrets.ts';
import type { ClusterRef } from './cluster-ref.ts';
import { zonesOf } from './locality-config.ts';
import { discoveryOf } from './outbound-cluster.ts';
import { sharedCluster } from './shared.ts';

/** Outbound clusters that belong together, with what they need. Shared by the proxies that get the same. */
export interface ClusterSet {
  /** By name. */
  readonly clusters: ReadonlyMap<string, XdsResource>;
  readonly secrets: readonly XdsResource[];
  /** Those whose endpoints go by EDS. */
  readonly discovered: readonly ClusterRef[];
  /** Their names. */
  readonly endpoints: ReadonlySet<string>;
  /** In some of them requests stay in the client's zone, if they can. */
  readonly zonesCount: boolean;
  readonly notes: readonly Note[];
}

type Refs = ReadonlyMap<string, ClusterRef>;

const sets = new WeakMap<AccountIndex, WeakMap<Refs, Map<Engine, ClusterSet>>>();

/**
 * @param refs by name; the set is remembered for this object.
 * @param place whoever asks from the same place gets the same set as under the configuration before, if it holds the same
 */
export function clusterSet(model: Model, refs: Refs, engine: Engine, place: string): ClusterSet {
  const ofAccounts = cached(sets, model.accounts, () => new WeakMap<Refs, Map<Engine, ClusterSet>>());
  const byEngine = cached(ofAccounts, refs, () => new Map<Engine, ClusterSet>());
  const known = byEngine.get(engine);
  if (known !== undefined) return known;
  const made = kept(model, `${engine} ${place}`, make(model, refs, engine));
  byEngine.set(engine, made);
  return made;
}

/** By what clusters depend on, the latest of each place. */
const latest = new WeakMap<object, Map<string, ClusterSet>>();

/** Clusters that are the same objects stem from references that say the same: so do endpoints, secrets and notes. */
function kept(model: Model, place: string, made: ClusterSet): ClusterSet {
  const ofBasis = cached(latest, model.config.basis.ofClusters, () => new Map<string, ClusterSet>());
  const before = ofBasis.get(place);
  if (before !== undefined && hasSameItems(before.clusters, made.clusters)) return before;
  ofBasis.set(place, made);
  return made;
}

function hasSameItems(a: ReadonlyMap<string, XdsResource>, b: ReadonlyMap<string, XdsResource>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, cluster] of a) if (b.get(name) !== cluster) return false;
  return true;
}

function make(model: Model, refs: Refs, engine: Engine): ClusterSet {
  const sorted = [...refs.values()].toSorted((a, b) => compare(a.name, b.name));
  const clusters = new Map(sorted.map((ref) => [ref.name, sharedCluster(model, ref, engine)]));
  const notes: Note[] = [];
  const secrets = sorted.flatMap((ref) => credentialSecrets(ref, notes));
  const discovered = sorted.filter((ref) => discoveryOf(ref) === 'eds');
  const endpoints = new Set(discovered.map(({ name }) => name));
  const zonesCount = sorted.some((ref) => zonesOf(ref) !== undefined);
  return { clusters, secrets, discovered, endpoints, zonesCount, notes };
}

/** The secrets of a cluster whose rule names a credential; a note where there is none that the proxy may have. */
function credentialSecrets({ rule, settings, credential }: ClusterRef, notes: Note[]): XdsResource[] {
  if (credential !== undefined) return clientSecrets(credential, rule?.origins ?? []);
  const name = settings.tls?.credentialName;
  const [origin] = rule?.origins ?? [];
  if (name && origin !== undefined) {
    const message = `no Secret ${name} in the namespace of its clients, or the rule is of another one`;
    notes.push(note(origin, 'unknown-credential', message, 'spec.trafficPolicy.tls.credentialName'));
  }
  return [];
}
