import type { ResourceKind } from '@tulle/resources/kind';
import { findKindByName, kinds } from '@tulle/resources/kinds';
import { nearestName } from '@tulle/resources/nearest';
import { usageError } from '../../failure.ts';

/** What `get all` lists: what a user makes and looks at most. */
const ALL = [
  'Workload',
  'Service',
  'Gateway',
  'VirtualService',
  'DestinationRule',
  'HealthCheckPolicy',
  'ServiceEntry',
  'WorkloadEntry',
  'PeerAuthentication',
  'RequestAuthentication',
];

/** What a command line says of resources: `vs`, `vs reviews`, `vs/reviews`, `vs,dr`, `all`. */
export interface Selection {
  readonly kinds: readonly ResourceKind[];
  /** Empty: all of the kinds. */
  readonly named: readonly { readonly kind: ResourceKind; readonly name: string }[];
}

/** @throws Failure (usage) for an unknown kind, with the nearest one that there is */
export function parseSelection(words: readonly string[]): Selection {
  const [first = '', ...rest] = words;
  if (words.some((word) => word.includes('/'))) {
    const named = words.map((word) => {
      const [kind = '', name = '', ...more] = word.split('/');
      if (name === '' || more.length > 0) throw usageError(`"${word}" must be KIND/NAME`);
      return { kind: kindNamed(kind), name };
    });
    return { kinds: [...new Set(named.map(({ kind }) => kind))], named };
  }
  const selected =
    first === 'all' ? kinds.filter(({ kind }) => ALL.includes(kind)) : first.split(',').map(kindNamed);
  return { kinds: selected, named: selected.flatMap((kind) => rest.map((name) => ({ kind, name }))) };
}

function kindNamed(name: string): ResourceKind {
  const kind = findKindByName(name);
  if (kind !== undefined) return kind;
  const names = kinds.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames]);
  const near = nearestName(name.toLowerCase(), names);
  throw usageError(
    `unknown kind "${name}"${near === undefined ? '' : `; did you mean "${near}"?`}\n` +
      `Kinds: ${kinds.map(({ plural }) => plural).join(', ')}, all`,
  );
}
