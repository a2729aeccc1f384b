import { compileStringMatcher } from '@tulle/decision/string-match';
import type { StringMatcher } from '@tulle/decision/tables/string-matcher';
import type { HttpMatch, L4Match, StringMatch, StringMatches, TlsMatch } from '../model/istio.ts';
import { hostCovers } from '../model/services/host.ts';

/**
 * Whether everything that `narrow` matches is matched by `wide`, as far as that can be proven: by the decision's own
 * matchers on what is exact, by prefixes, and where both say the same. False: it can't.
 */
export function httpMatchCovers(wide: HttpMatch, narrow: HttpMatch): boolean {
  return (
    uriCovers(wide, narrow) &&
    (['scheme', 'method', 'authority'] as const).every((field) => stringCovers(wide[field], narrow[field])) &&
    mapCovers(headers(wide.headers), headers(narrow.headers)) &&
    mapCovers(Object.entries(wide.queryParams ?? {}), Object.entries(narrow.queryParams ?? {})) &&
    excludes(headers(wide.withoutHeaders), headers(narrow.withoutHeaders)) &&
    sourceCovers(wide, narrow)
  );
}

/** As `httpMatchCovers`, of rules for TCP and TLS. */
export function l4MatchCovers(wide: L4Match | TlsMatch, narrow: L4Match | TlsMatch): boolean {
  const names = 'sniHosts' in wide ? wide.sniHosts : undefined;
  const asked = 'sniHosts' in narrow ? narrow.sniHosts : [];
  return (
    (names === undefined ||
      (asked.length > 0 && asked.every((host) => names.some((one) => hostCovers(one, host))))) &&
    listCovers(wide.destinationSubnets, narrow.destinationSubnets) &&
    (!wide.sourceSubnet || wide.sourceSubnet === narrow.sourceSubnet) &&
    sourceCovers(wide, narrow)
  );
}

/** Where a request or connection comes from and to which port. */
function sourceCovers(wide: L4Match | HttpMatch, narrow: L4Match | HttpMatch): boolean {
  return (
    (!wide.port || wide.port === narrow.port) &&
    (!wide.sourceNamespace || wide.sourceNamespace === narrow.sourceNamespace) &&
    Object.entries(wide.sourceLabels ?? {}).every(([name, value]) => narrow.sourceLabels?.[name] === value) &&
    listCovers(wide.gateways, narrow.gateways)
  );
}

/** An absent or empty list is no condition. */
const listCovers = (wide: readonly string[] = [], narrow: readonly string[] = []): boolean =>
  wide.length === 0 || (narrow.length > 0 && narrow.every((one) => wide.includes(one)));

function uriCovers(wide: HttpMatch, narrow: HttpMatch): boolean {
  // Every path begins with a slash.
  if (wide.uri?.prefix === '/') return true;
  // Regular expressions say themselves whether case counts.
  if (wide.ignoreUriCase === true && wide.uri?.regex === undefined)
    return stringCovers(lowered(wide.uri), lowered(narrow.uri));
  return stringCovers(wide.uri, narrow.uri) && (narrow.ignoreUriCase !== true || wide.uri === undefined);
}

const lowered = (match: StringMatch | undefined): StringMatch | undefined =>
  match && { exact: match.exact?.toLowerCase(), prefix: match.prefix?.toLowerCase(), regex: match.regex };

type Conditions = readonly (readonly [name: string, match: StringMatch])[];

/** Names of headers in lower case; one may be there twice, in different case. */
const headers = (matches: StringMatches = {}): Conditions =>
  Object.entries(matches).map(([name, match]) => [name.toLowerCase(), match]);

/** Each condition of `wide` is one of `narrow`, or follows from it. */
const mapCovers = (wide: Conditions, narrow: Conditions): boolean =>
  wide.every(([name, match]) => narrow.some(([other, one]) => other === name && stringCovers(match, one)));

/** What must not be there: whatever `wide` rules out, `narrow` rules out too. */
const excludes = (wide: Conditions, narrow: Conditions): boolean =>
  wide.every(([name, match]) => narrow.some(([other, one]) => other === name && stringCovers(one, match)));

/** @param wide undefined: anything. An empty match: anything that is there. */
export function stringCovers(wide: StringMatch | undefined, narrow: StringMatch | undefined): boolean {
  if (wide === undefined) return true;
  if (narrow === undefined) return false;
  if (isAnything(wide)) return true;
  if (narrow.exact !== undefined) return matcherOf(wide)(narrow.exact);
  if (narrow.prefix !== undefined) return wide.prefix !== undefined && narrow.prefix.startsWith(wide.prefix);
  return narrow.regex !== undefined && wide.regex === narrow.regex;
}

const isAnything = ({ exact, prefix, regex }: StringMatch): boolean =>
  exact === undefined && (prefix === '' || regex === '.*' || (prefix === undefined && regex === undefined));

function matcherOf({ exact, prefix, regex = '' }: StringMatch): StringMatcher {
  if (exact !== undefined) return compileStringMatcher({ kind: 'exact', value: exact });
  if (prefix !== undefined) return compileStringMatcher({ kind: 'prefix', value: prefix });
  return compileStringMatcher({ kind: 'regex', value: regex });
}
