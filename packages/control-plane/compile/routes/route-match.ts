import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { HttpMatch, StringMatch, StringMatches } from '../../model/istio.ts';
import { compare } from '../../model/origin.ts';
import { claimMatchers, withoutClaims } from '../filters/tokens/claims.ts';
import { stringMatcher } from '../messages/string-match.ts';

export type RouteMatch = MessageInitShape<typeof RouteMatchSchema>;
type HeaderMatcher = MessageInitShape<typeof HeaderMatcherSchema>;
type QueryMatcher = MessageInitShape<typeof QueryParameterMatcherSchema>;

/** Every request with a path, but for `OPTIONS *` and CONNECT. */
export const everything: RouteMatch = { pathSpecifier: { case: 'prefix', value: '/' } };

/** Also `*`, of which OPTIONS asks (RFC 9112 section 3.2.4). */
export const everyPath: RouteMatch = { pathSpecifier: { case: 'prefix', value: '' } };

/** CONNECT, which no match of paths takes (RFC 9110 section 9.3.6: it has none). */
export const connectRequests: RouteMatch = { pathSpecifier: { case: 'connectMatcher', value: {} } };

/** Envoy's match of one `HTTPMatchRequest`; sources, gateways and ports are decided before (`source-match.ts`). */
export function routeMatch(match: HttpMatch | undefined): RouteMatch {
  if (match === undefined) return everything;
  const headers = headerMatchers(withoutClaims(match.headers), withoutClaims(match.withoutHeaders));
  const pseudo = [
    [':method', match.method],
    [':authority', match.authority],
    [':scheme', match.scheme],
  ] as const;
  for (const [name, value] of pseudo) if (value !== undefined) headers.push(headerMatcher(name, value));
  return {
    pathSpecifier: pathSpecifier(match.uri),
    ...(match.ignoreUriCase && { caseSensitive: false }),
    headers,
    queryParameters: sorted(match.queryParams).map(([name, value]) => queryMatcher(name, value)),
    dynamicMetadata: claimMatchers(match.headers, match.withoutHeaders),
  };
}

/** Fields that must match, and that must not; by name. */
export function headerMatchers(headers?: StringMatches, withoutHeaders?: StringMatches): HeaderMatcher[] {
  return [
    ...sorted(headers).map(([name, value]) => headerMatcher(name, value)),
    ...sorted(withoutHeaders).map(([name, value]) => withoutHeader(name, value)),
  ].toSorted((a, b) => compare(a.name ?? '', b.name ?? ''));
}

function pathSpecifier(uri: StringMatch | undefined): NonNullable<RouteMatch['pathSpecifier']> {
  if (uri?.exact !== undefined) return { case: 'path', value: uri.exact };
  if (uri?.regex !== undefined) return { case: 'safeRegex', value: { regex: uri.regex } };
  return { case: 'prefix', value: uri?.prefix ?? '/' };
}

function headerMatcher(name: string, match: StringMatch): HeaderMatcher & { name: string } {
  const value = stringMatcher(match);
  if (value === undefined) return { name, headerMatchSpecifier: { case: 'presentMatch', value: true } };
  return { name, headerMatchSpecifier: { case: 'stringMatch', value } };
}

/** A missing header has no value that could match, so it passes. */
function withoutHeader(name: string, match: StringMatch): HeaderMatcher & { name: string } {
  const matcher = headerMatcher(name, match);
  const byPresence = matcher.headerMatchSpecifier?.case === 'presentMatch';
  return { ...matcher, invertMatch: true, treatMissingHeaderAsEmpty: !byPresence };
}

function queryMatcher(name: string, match: StringMatch): QueryMatcher {
  const value = stringMatcher(match);
  if (value === undefined)
    return { name, queryParameterMatchSpecifier: { case: 'presentMatch', value: true } };
  return { name, queryParameterMatchSpecifier: { case: 'stringMatch', value } };
}

const sorted = (matches: StringMatches | undefined): [string, StringMatch][] =>
  Object.entries(matches ?? {}).toSorted(([a], [b]) => compare(a, b));

/** Whether a match takes every request but CONNECT: what comes after it is never reached. */
export function isCatchAll(match: RouteMatch): boolean {
  if ((match.headers?.length ?? 0) > 0 || (match.queryParameters?.length ?? 0) > 0) return false;
  if ((match.dynamicMetadata?.length ?? 0) > 0) return false;
  const path = match.pathSpecifier;
  if (path?.case === 'prefix') return path.value === '/';
  return path?.case === 'safeRegex' && ['.*', '/.*'].includes(path.value.regex ?? '');
}
