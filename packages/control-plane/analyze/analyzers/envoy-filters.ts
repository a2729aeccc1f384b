import type { ConfigPatch } from '@tulle/resources/istio/envoy-filter/kind';
import type { EnvoyFilter } from '../../model/traffic/envoy-filter.ts';
import type { Analyzer } from '../analyzer.ts';
import type { Message } from '../message.ts';

const relative: Message = {
  code: 'IST0151',
  name: 'EnvoyFilterUsesRelativeOperation',
  level: 'Warning',
  about: 'A patch goes by a filter that another EnvoyFilter of the same priority adds.',
  consequence: 'The older EnvoyFilter is applied first: whether the filter is there already depends on age.',
  remedy: 'Give the one that goes by the filter a higher spec.priority, or use INSERT_FIRST or ADD.',
};

const relativeWithVersion: Message = {
  ...relative,
  code: 'IST0155',
  name: 'EnvoyFilterUsesRelativeOperationWithProxyVersion',
  about: 'As IST0151, and one of both is for some versions of proxies only.',
  consequence: 'After an upgrade one is applied without the other.',
};

/** What validation says of operations that do nothing: Istio has a code for each. */
export const idleOperations: readonly Message[] = [
  [
    'IST0152',
    'EnvoyFilterUsesReplaceOperationIncorrectly',
    'REPLACE',
    'Use MERGE, or REPLACE of a filter or a virtual host.',
  ],
  [
    'IST0153',
    'EnvoyFilterUsesAddOperationIncorrectly',
    'ADD',
    'Use MERGE, or ADD a virtual host or a route.',
  ],
  ['IST0154', 'EnvoyFilterUsesRemoveOperationIncorrectly', 'REMOVE', 'REMOVE a virtual host or a route.'],
].map(([code = '', name = '', operation, remedy = '']) => ({
  code,
  name,
  level: 'Error',
  about: `An EnvoyFilter has the operation ${operation} for what it can’t be done to.`,
  consequence: 'The patch is not applied.',
  remedy,
}));

/** EnvoyFilters that lean on each other. */
export const envoyFilters: Analyzer = {
  messages: [relative, relativeWithVersion, ...idleOperations],
  analyze({ config }, report) {
    for (const [index, filter] of config.envoyFilters.all.entries()) {
      const others = config.envoyFilters.all.filter((other, at) => at !== index && isPeer(filter, other));
      if (others.length === 0) continue;
      for (const [at, patch] of filter.patches.entries()) {
        const wanted = goesBy(patch);
        const other = others.find((one) => one.patches.some((each) => adds(each) === wanted));
        if (wanted === undefined || other === undefined) continue;
        report(
          [filter, other].some(isVersioned) ? relativeWithVersion : relative,
          { ...filter.origin, path: `spec.configPatches[${at}]` },
          `goes by ${wanted}, which ${other.namespace}/${other.name} adds with the same priority`,
        );
      }
    }
  },
};

/** Only age, or their names, says which comes first. */
const isPeer = (one: EnvoyFilter, other: EnvoyFilter): boolean =>
  one.namespace === other.namespace && one.priority === other.priority;

const isVersioned = ({ patches }: EnvoyFilter): boolean =>
  patches.some(({ match }) => Boolean(match?.proxy?.proxyVersion));

const adding = new Set(['ADD', 'INSERT_FIRST', 'INSERT_BEFORE', 'INSERT_AFTER']);

function adds({ patch }: ConfigPatch): unknown {
  return adding.has(patch?.operation ?? '') ? patch?.value?.name : undefined;
}

/** The filter that a patch is to find. */
function goesBy({ match, patch }: ConfigPatch): string | undefined {
  if (patch?.operation === 'ADD' || patch?.operation === 'INSERT_FIRST') return undefined;
  const filter = match?.listener?.filterChain?.filter;
  return filter?.subFilter?.name ?? filter?.name ?? match?.listener?.listenerFilter;
}
