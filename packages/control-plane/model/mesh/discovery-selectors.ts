import type { Resource } from '@tulle/resources/kind';
import { rootNamespace } from '../origin.ts';
import { selects } from '../selector.ts';
import type { LabelSelector } from './mesh-config.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * Which namespaces the mesh looks at: those of which some selector holds (MeshConfig `discoverySelectors`), and its
 * own; all when there are none. A namespace that is no resource has no labels.
 */
export function discovered(
  selectors: readonly LabelSelector[],
  namespaces: readonly Resource[],
): (namespace: string) => boolean {
  if (selectors.length === 0) return everywhere;
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  const known = new Map<string, boolean>([
    ['', true],
    [rootNamespace, true],
  ]);
  return (namespace) => {
    const before = known.get(namespace);
    if (before !== undefined) return before;
    const own: Labels = { 'kubernetes.io/metadata.name': namespace, ...labels.get(namespace) };
    const answer = selectors.some((selector) => matches(selector, own));
    known.set(namespace, answer);
    return answer;
  };
}

const everywhere = (): boolean => true;

function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    selects(matchLabels, labels) &&
    matchExpressions.every(({ key, operator, values = [] }) => holds[operator](labels[key], values))
  );
}

type Operator = NonNullable<LabelSelector['matchExpressions']>[number]['operator'];
const holds: Readonly<Record<Operator, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
};
