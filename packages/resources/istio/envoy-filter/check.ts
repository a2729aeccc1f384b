import { error, type Finding, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { regexProblem } from '../../schema/regex.ts';
import { checkSelector } from '../selector.ts';
import { isFilterNamed, newFilterName } from './filter-names.ts';
import type { ApplyTo, ConfigPatch, EnvoyFilter } from './kind.ts';
import type { ObjectMatch } from './match.ts';

const manager = 'envoy.filters.network.http_connection_manager';

/** By which part of a match objects are found. */
const matchedBy: Readonly<Partial<Record<ApplyTo, 'listener' | 'routeConfiguration' | 'cluster'>>> = {
  LISTENER: 'listener',
  FILTER_CHAIN: 'listener',
  NETWORK_FILTER: 'listener',
  HTTP_FILTER: 'listener',
  LISTENER_FILTER: 'listener',
  ROUTE_CONFIGURATION: 'routeConfiguration',
  VIRTUAL_HOST: 'routeConfiguration',
  HTTP_ROUTE: 'routeConfiguration',
  CLUSTER: 'cluster',
};

/** What Istio's webhook refuses in an EnvoyFilter (pkg/config/validation/envoyfilter), and what would do nothing. */
export function checkEnvoyFilter({ spec = {} }: EnvoyFilter): Finding[] {
  const patches = (spec.configPatches ?? []).flatMap((one, index) => {
    const path = ['spec', 'configPatches', index];
    return [...checkPatch(one, path), ...checkMatch(one, path)];
  });
  return [...checkSelector(spec.workloadSelector, ['spec', 'workloadSelector']), ...patches];
}

function checkPatch({ applyTo = 'INVALID', patch }: ConfigPatch, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  if (applyTo === 'INVALID') found.push(error('required', [...path, 'applyTo'], 'must say what is patched'));
  if (patch === undefined) return [...found, error('required', [...path, 'patch'], 'is required (object)')];
  const { operation = 'INVALID', value, filterClass } = patch;
  const at = [...path, 'patch', 'operation'];
  if (operation === 'INVALID') found.push(error('required', at, 'must say what is done'));
  else if (operation !== 'REMOVE' && value === undefined)
    found.push(error('required', [...path, 'patch', 'value'], `is required with operation: ${operation}`));
  if (operation === 'REPLACE' && !replaceable.has(applyTo))
    found.push(warning('no-effect', at, `REPLACE has no effect on ${applyTo}`));
  if ((operation === 'ADD' || operation === 'REMOVE') && applyTo === 'ROUTE_CONFIGURATION')
    found.push(warning('no-effect', at, `${operation} has no effect on ROUTE_CONFIGURATION`));
  if (filterClass !== undefined && filterClass !== 'UNSPECIFIED' && !placed(applyTo, operation))
    found.push(
      warning('no-effect', [...path, 'patch', 'filterClass'], 'has an effect on ADD of an HTTP_FILTER only'),
    );
  return found;
}

/** Objects that have a name by which they are replaced. */
const replaceable: ReadonlySet<ApplyTo> = new Set([
  'HTTP_FILTER',
  'NETWORK_FILTER',
  'LISTENER_FILTER',
  'VIRTUAL_HOST',
]);
const placed = (applyTo: string, operation: string): boolean =>
  applyTo === 'HTTP_FILTER' && operation === 'ADD';

function checkMatch({ applyTo = 'INVALID', match }: ConfigPatch, path: FieldPath): Finding[] {
  if (match === undefined) return [];
  const at = [...path, 'match'];
  const found: Finding[] = [];
  const version = match.proxy?.proxyVersion;
  const reason = version ? regexProblem(version) : undefined;
  if (reason !== undefined) found.push(error('bad-regex', [...at, 'proxy', 'proxyVersion'], reason));
  const wanted = matchedBy[applyTo];
  const given = (['listener', 'routeConfiguration', 'cluster'] as const).find((name) => match[name]);
  if (wanted !== undefined && given !== undefined && wanted !== given)
    found.push(error('conflict', [...at, given], `has no meaning for ${applyTo}: match by ${wanted}`));
  return [...found, ...checkFilterMatch(applyTo, match, [...at, 'listener', 'filterChain', 'filter'])];
}

function checkFilterMatch(applyTo: ApplyTo, match: ObjectMatch, path: FieldPath): Finding[] {
  const filter = match.listener?.filterChain?.filter;
  if (filter === undefined) return [];
  const { name, subFilter } = filter;
  const found: Finding[] = [];
  if (applyTo === 'LISTENER' || applyTo === 'FILTER_CHAIN')
    found.push(warning('no-effect', path, `has no effect for ${applyTo}`));
  if (!name) return [...found, error('required', [...path, 'name'], 'is required (string)')];
  found.push(
    ...oldName(name, [...path, 'name']),
    ...oldName(subFilter?.name, [...path, 'subFilter', 'name']),
  );
  if (subFilter === undefined) return found;
  if (applyTo !== 'HTTP_FILTER')
    found.push(error('conflict', [...path, 'subFilter'], 'needs applyTo: HTTP_FILTER'));
  if (!isFilterNamed(manager, name))
    found.push(error('conflict', [...path, 'subFilter'], `needs the filter ${manager}, not ${name}`));
  if (!subFilter.name) found.push(error('required', [...path, 'subFilter', 'name'], 'is required (string)'));
  return found;
}

function oldName(name: string | undefined, path: FieldPath): Finding[] {
  const now = newFilterName(name ?? '');
  return now === undefined ? [] : [warning('deprecated', path, `is an old name; use ${now}`)];
}
