import type { ResourceKind } from '@tulle/resources/kind';
import { badRequest, invalid, type StatusCause } from '../status-error.ts';
import type { FieldValidation } from '../writer/decode.ts';
import { type FieldRequirement, parseFieldSelector } from './field-selector.ts';
import { parseLabelSelector, type Requirement } from './label-selector.ts';

/** A query string as fastify gives it. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export const parameter = (query: Query, name: string): string | undefined => {
  const value = query[name];
  return typeof value === 'string' ? value : value?.at(-1);
};

/** meta/v1 ListOptions. */
export interface ListOptions {
  readonly labels: readonly Requirement[];
  readonly fields: readonly FieldRequirement[];
  readonly watch: boolean;
  readonly bookmarks: boolean;
  readonly timeoutSeconds?: number;
  /** Empty: the newest. */
  readonly resourceVersion: string;
  readonly match?: 'Exact' | 'NotOlderThan';
  readonly limit: number;
  readonly continue?: string;
}

/** @throws ApiError 400, 422 as Kubernetes' ValidateListOptions, of a server without the WatchList feature */
export function parseListOptions(query: Query, kind: ResourceKind): ListOptions {
  const watch = flag(query, 'watch');
  const resourceVersion = parameter(query, 'resourceVersion') ?? '';
  const match = parameter(query, 'resourceVersionMatch');
  const token = parameter(query, 'continue');
  const causes: StatusCause[] = [];
  const forbid = (field: string, message: string): void => {
    causes.push({ reason: 'FieldValueForbidden', field, message: `Forbidden: ${message}` });
  };
  if (query.sendInitialEvents !== undefined) {
    const why = 'sendInitialEvents is forbidden for';
    forbid(
      'sendInitialEvents',
      watch ? `${why} watch unless the WatchList feature gate is enabled` : `${why} list`,
    );
  }
  if (match) {
    if (watch) forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch');
    else if (resourceVersion === '')
      forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
    if (token) forbid('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      const message = `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan"`;
      causes.push({ reason: 'FieldValueNotSupported', field: 'resourceVersionMatch', message });
    }
    if (match === 'Exact' && resourceVersion === '0')
      forbid('resourceVersionMatch', 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  }
  if (causes.length > 0)
    throw invalid({ group: 'meta.k8s.io', plural: '', kind: 'ListOptions', name: '' }, causes);
  if (resourceVersion !== '' && !/^\d{1,15}$/.test(resourceVersion))
    throw badRequest(`invalid resource version "${resourceVersion}": must be a decimal number`);
  if (token && resourceVersion !== '' && resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
  const timeoutSeconds = integer(query, 'timeoutSeconds');
  return {
    labels: parseLabelSelector(parameter(query, 'labelSelector') ?? ''),
    fields: parseFieldSelector(parameter(query, 'fieldSelector') ?? '', kind),
    watch,
    bookmarks: flag(query, 'allowWatchBookmarks'),
    resourceVersion,
    limit: integer(query, 'limit') ?? 0,
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(match && { match: match as 'Exact' | 'NotOlderThan' }),
    ...(token && { continue: token }),
  };
}

/** What Go's strconv.ParseBool takes, and a bare `?watch`. */
function flag(query: Query, name: string): boolean {
  const value = parameter(query, name);
  if (value === undefined) return false;
  if (/^(1|t|true|)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw badRequest(`${name}: must be true or false, not "${value}"`);
}

function integer(query: Query, name: string): number | undefined {
  const value = parameter(query, name);
  if (value === undefined || value === '') return undefined;
  if (!/^\d{1,9}$/.test(value)) throw badRequest(`${name}: must be a whole number, not "${value}"`);
  return Number(value);
}

/** The options that writes have in common. @throws ApiError 400, 422 */
export function parseWriteOptions(query: Query): { dryRun: boolean; fieldValidation: FieldValidation } {
  const dryRuns = [query.dryRun ?? []].flat();
  if (dryRuns.some((value) => value !== 'All')) {
    throw badRequest(`dryRun: Unsupported value: "${dryRuns.join(',')}": supported values: "All"`);
  }
  const validation = parameter(query, 'fieldValidation') || 'Warn';
  if (validation !== 'Strict' && validation !== 'Warn' && validation !== 'Ignore') {
    const supported = 'supported values: "Ignore", "Strict", "Warn"';
    throw badRequest(`fieldValidation: Unsupported value: "${validation}": ${supported}`);
  }
  return { dryRun: dryRuns.length > 0, fieldValidation: validation };
}
