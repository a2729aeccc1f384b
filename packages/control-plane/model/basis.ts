import type { Resource } from '@tulle/resources/kind';
import type { MeshSpec } from './mesh/mesh.ts';
import type { KeySets } from './security/request-authentication.ts';

/**
 * What parts of a configuration depend on: an object stays the same as long as nothing that it stands for has
 * changed, from one configuration to the next. What compile makes of it can be kept by it.
 */
export interface Basis {
  /** Everything but what only routes are made of: services, clusters, policies of clients. */
  readonly ofClusters: object;
  /** Everything but what only an application's callers get: what serves an application itself. */
  readonly ofInbound: object;
  readonly parts: Parts;
}

interface Parts {
  /** All resources, by kind; each list in an order that the input does not decide. */
  readonly byKind: ByKind;
  readonly mesh: MeshSpec;
  readonly trustBundle: string | undefined;
  /** Fetched: another map when something in it is another. */
  readonly keySets: KeySets;
  /** WorkloadEntries are part of services; else they are instances and nothing more. */
  readonly entriesAreListed: boolean;
}

type ByKind = ReadonlyMap<string, readonly Resource[]>;

/** Only routes are made of them; EnvoyFilters are applied to what all else has made. */
const ofRoutes: ReadonlySet<string> = new Set(['VirtualService', 'EnvoyFilter']);
/** Nothing that serves an application itself. */
const ofCallers: ReadonlySet<string> = new Set([...ofRoutes, 'DestinationRule', 'HealthCheckPolicy']);

/** What parts of a configuration depend on, taken from the one before where that has not changed. */
export function basisOf(parts: Parts, previous: Basis | undefined): Basis {
  const isKept = (without: ReadonlySet<string>): boolean =>
    previous !== undefined && isSame(previous.parts, parts, without);
  return {
    parts,
    ofClusters: (isKept(ofRoutes) ? previous?.ofClusters : undefined) ?? {},
    ofInbound: (isKept(ofCallers) ? previous?.ofInbound : undefined) ?? {},
  };
}

function isSame(a: Parts, b: Parts, without: ReadonlySet<string>): boolean {
  if (a.trustBundle !== b.trustBundle || a.keySets !== b.keySets || !equals(a.mesh, b.mesh)) return false;
  for (const kind of new Set([...a.byKind.keys(), ...b.byKind.keys()])) {
    if (without.has(kind)) continue;
    if (kind === 'WorkloadEntry' && !a.entriesAreListed && !b.entriesAreListed) continue;
    const before = a.byKind.get(kind) ?? [];
    const after = b.byKind.get(kind) ?? [];
    if (before.length !== after.length) return false;
    if (before.some((resource, index) => !isSameResource(resource, after[index]))) return false;
  }
  return true;
}

/** A status is no configuration. */
const isSameResource = (a: Resource, b: Resource | undefined): boolean =>
  a === b ||
  (a.spec !== undefined &&
    a.metadata.uid !== undefined &&
    a.metadata.uid === b?.metadata.uid &&
    a.metadata.generation === b.metadata.generation &&
    equals(a.metadata.labels, b.metadata.labels) &&
    equals(a.metadata.annotations, b.metadata.annotations));

/** Plain data of resources: maps, lists and scalars, whose keys come in any order. */
function equals(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [ofA, ofB] = [Object.entries(a), Object.entries(b)];
  return (
    ofA.length === ofB.length &&
    ofA.every(([key, value]) => equals(value, (b as Record<string, unknown>)[key]))
  );
}
