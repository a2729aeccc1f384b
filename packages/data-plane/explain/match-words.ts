import { metadataAt } from '@tulle/decision/dynamic-metadata';
import type { Miss } from '@tulle/decision/match';
import type { MetadataMatch } from '@tulle/decision/tables/metadata-match';
import type { HeaderMatch, QueryMatch, RouteMatch } from '@tulle/decision/tables/route';
import type {
  matcher_MetadataMatcher,
  matcher_StringMatcher,
  matcher_ValueMatcher,
  route_HeaderMatcher,
  route_QueryParameterMatcher,
  route_RouteMatch,
} from '@tulle/xds/wire';
import type { Asked } from './decision.ts';

/** What a route wants, one line per condition. */
export function matchWords(match: route_RouteMatch | undefined): string[] {
  if (match === undefined) return [];
  return [
    pathWords(match),
    ...match.headers.map(headerWords),
    ...match.queryParameters.map(queryWords),
    ...match.dynamicMetadata.map(metadataWords),
  ];
}

/** Why a route was not taken: what the request has, and what was wanted. */
export function missWords(
  miss: Miss,
  match: RouteMatch,
  message: route_RouteMatch | undefined,
  request: {
    readonly asked: Asked;
    readonly header: (name: string) => string | undefined;
  },
): string {
  const { asked } = request;
  if (miss === 'fraction') return 'not in its fraction of requests';
  if (miss === match.path) return `path is ${quoted(asked.path)}${wanted(message && pathWords(message))}`;
  const header = match.headers.indexOf(miss as HeaderMatch);
  if (header >= 0) {
    const name = match.headers[header]?.name ?? '';
    const value = request.header(name);
    const has = value === undefined ? `${subject(name)} is absent` : `${subject(name)} is ${quoted(value)}`;
    return `${has}${wanted(message?.headers[header] && headerWords(message.headers[header]))}`;
  }
  const at = match.metadata?.indexOf(miss as MetadataMatch) ?? -1;
  if (at >= 0) {
    const place = match.metadata?.[at];
    const value = place && metadataAt(asked.metadata, place.filter, place.path);
    const name = message?.dynamicMetadata[at];
    const has = `${name === undefined ? 'metadata' : placeWords(name)} is ${value === undefined ? 'absent' : JSON.stringify(value)}`;
    return `${has}${wanted(name && metadataWords(name))}`;
  }
  const query = match.query.indexOf(miss as QueryMatch);
  const name = match.query[query]?.name ?? '';
  const value = new URLSearchParams(asked.path.split('?')[1] ?? '').get(name);
  const has = `query parameter ${name} is ${value === null ? 'absent' : quoted(value)}`;
  return `${has}${wanted(message?.queryParameters[query] && queryWords(message.queryParameters[query]))}`;
}

const wanted = (words: string | undefined): string => (words === undefined ? '' : `; wanted: ${words}`);
const quoted = (text: string): string => JSON.stringify(text);

function pathWords(match: route_RouteMatch): string {
  const { prefix, path, pathSeparatedPrefix, safeRegex, caseSensitive } = match;
  const any = caseSensitive === false ? ' in any case' : '';
  if (prefix !== undefined) return prefix === '/' ? 'any path' : `path begins with ${prefix}${any}`;
  if (path !== undefined) return `path is ${path}${any}`;
  if (pathSeparatedPrefix !== undefined) return `path is or is below ${pathSeparatedPrefix}${any}`;
  if (safeRegex !== undefined) return `path matches ${safeRegex.regex}`;
  return 'method is CONNECT';
}

/** Pseudo-fields by the names that people use. */
const pseudo: Readonly<Record<string, string>> = {
  ':method': 'method',
  ':authority': 'host',
  ':path': 'path and query',
  ':scheme': 'scheme',
};
const subject = (name: string): string => pseudo[name] ?? `header ${name}`;

/** What one header matcher wants: `header end-user is "jason"`. */
export function headerWords(header: route_HeaderMatcher): string {
  const { name, invertMatch, stringMatch, presentMatch, rangeMatch } = header;
  const what = subject(name.toLowerCase() === 'host' ? ':authority' : name.toLowerCase());
  const { exactMatch, prefixMatch, suffixMatch, containsMatch, safeRegexMatch } = header;
  const older = { exact: exactMatch, prefix: prefixMatch, suffix: suffixMatch, contains: containsMatch };
  const words = stringWords(stringMatch ?? { ...older, safeRegex: safeRegexMatch }, invertMatch);
  if (words !== undefined) return `${what} ${words}`;
  if (rangeMatch !== undefined)
    return `${what} is ${invertMatch ? 'not ' : ''}a number from ${rangeMatch.start} to below ${rangeMatch.end}`;
  return `${what} is ${(presentMatch ?? true) === invertMatch ? 'absent' : 'present'}`;
}

function queryWords({ name, stringMatch }: route_QueryParameterMatcher): string {
  const words = stringMatch === undefined ? undefined : stringWords(stringMatch, false);
  return `query parameter ${name} ${words ?? 'is present'}`;
}

/** Claims by the names that rules give them. */
function placeWords({ filter, path }: matcher_MetadataMatcher): string {
  const [first, ...rest] = path.map(({ key = '' }) => key);
  return filter === 'envoy.filters.http.jwt_authn' && first === 'payload'
    ? `claim ${rest.join('.')}`
    : `metadata ${[filter, first, ...rest].join('.')}`;
}

function metadataWords(matcher: matcher_MetadataMatcher): string {
  return `${placeWords(matcher)} ${valueWords(matcher.value, matcher.invert)}`;
}

function valueWords(matcher: matcher_ValueMatcher | undefined, invert: boolean): string {
  const { stringMatch, presentMatch, listMatch, orMatch } = matcher ?? {};
  if (stringMatch !== undefined) return stringWords(stringMatch, invert) ?? '';
  if (listMatch !== undefined) return `has one that ${valueWords(listMatch.oneOf, invert)}`;
  if (orMatch !== undefined) return orMatch.valueMatchers.map((one) => valueWords(one, invert)).join(', or ');
  return (presentMatch ?? true) === invert ? 'is absent' : 'is present';
}

type Pattern = { readonly [K in keyof matcher_StringMatcher]?: matcher_StringMatcher[K] | undefined };

function stringWords(pattern: Pattern, invert: boolean): string | undefined {
  const { exact, prefix, suffix, contains, safeRegex, ignoreCase } = pattern;
  const any = ignoreCase === true ? ' in any case' : '';
  const does = (verb: string, not: string, text: string): string => `${invert ? not : verb} ${text}${any}`;
  if (exact !== undefined) return does('is', 'is not', quoted(exact));
  if (prefix !== undefined) return does('begins with', 'does not begin with', quoted(prefix));
  if (suffix !== undefined) return does('ends with', 'does not end with', quoted(suffix));
  if (contains !== undefined) return does('contains', 'does not contain', quoted(contains));
  return safeRegex === undefined ? undefined : does('matches', 'does not match', safeRegex.regex);
}
