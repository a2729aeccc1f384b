import { compileStringMatcher } from '@tulle/decision/string-match';
import type { HeaderMatch, QueryMatch, RouteMatch } from '@tulle/decision/tables/route';
import type { StringMatcher } from '@tulle/decision/tables/string-matcher';
import type { route_HeaderMatcher, route_QueryParameterMatcher, route_RouteMatch } from '@tulle/xds/wire';
import { millionths } from '../values/fraction.ts';
import { join, type Problems } from '../values/problems.ts';
import { translateRegex, translateStringMatcher } from '../values/string-match.ts';
import { translateMetadataMatch } from './metadata-match.ts';

/** envoy.config.route.v3.RouteMatch. */
export function translateMatch(
  match: route_RouteMatch | undefined,
  path: string,
  problems: Problems,
): RouteMatch {
  const headers = match?.headers ?? [];
  const query = match?.queryParameters ?? [];
  const fraction = match?.runtimeFraction;
  const metadata = match?.dynamicMetadata ?? [];
  return {
    path: translatePath(match, path, problems),
    headers: headers.map((header, i) => translateHeader(header, `${path}.headers[${i}]`, problems)),
    query: query.map((parameter, i) => translateQuery(parameter, `${path}.query_parameters[${i}]`, problems)),
    ...(metadata.length === 0
      ? {}
      : {
          metadata: metadata.map((one, i) =>
            translateMetadataMatch(one, `${path}.dynamic_metadata[${i}]`, problems),
          ),
        }),
    ...(fraction === undefined ? {} : { fraction: millionths(fraction) }),
  };
}

function translatePath(
  match: route_RouteMatch | undefined,
  path: string,
  problems: Problems,
): RouteMatch['path'] {
  const ignoreCase = match?.caseSensitive === false;
  if (match?.prefix !== undefined) return { kind: 'prefix', value: match.prefix, ignoreCase };
  if (match?.path !== undefined) return { kind: 'exact', value: match.path, ignoreCase };
  if (match?.pathSeparatedPrefix !== undefined) {
    if (!/^\/.*[^/]$/.test(match.pathSeparatedPrefix)) {
      problems.add(join(path, 'path_separated_prefix'), 'must begin with / and not end with it');
    }
    return { kind: 'path-separated-prefix', value: match.pathSeparatedPrefix, ignoreCase };
  }
  if (match?.safeRegex !== undefined) {
    return { kind: 'regex', test: translateRegex(match.safeRegex, join(path, 'safe_regex'), problems) };
  }
  if (match?.connectMatcher === undefined) problems.add(path, 'must say which paths match');
  return { kind: 'connect' };
}

/** envoy.config.route.v3.HeaderMatcher: without a specifier, presence is enough. */
export function translateHeader(matcher: route_HeaderMatcher, path: string, problems: Problems): HeaderMatch {
  const name = matcher.name.toLowerCase();
  if (name === '') problems.add(`${path}.name`, 'must not be empty');
  return {
    name: name === 'host' ? ':authority' : name,
    invert: matcher.invertMatch,
    treatMissingAsEmpty: matcher.treatMissingHeaderAsEmpty,
    test: headerTest(matcher, path, problems),
  };
}

function headerTest(matcher: route_HeaderMatcher, path: string, problems: Problems): HeaderMatch['test'] {
  const value = (test: StringMatcher): HeaderMatch['test'] => ({ kind: 'value', test });
  const { exactMatch, prefixMatch, suffixMatch, containsMatch, rangeMatch } = matcher;
  if (matcher.stringMatch !== undefined) {
    return value(translateStringMatcher(matcher.stringMatch, `${path}.string_match`, problems));
  }
  if (exactMatch !== undefined) return value(compileStringMatcher({ kind: 'exact', value: exactMatch }));
  if (prefixMatch !== undefined) return value((text) => text.startsWith(prefixMatch));
  if (suffixMatch !== undefined) return value((text) => text.endsWith(suffixMatch));
  if (containsMatch !== undefined) return value((text) => text.includes(containsMatch));
  if (matcher.safeRegexMatch !== undefined) {
    return value(translateRegex(matcher.safeRegexMatch, `${path}.safe_regex_match`, problems));
  }
  // Half open: [start, end).
  if (rangeMatch !== undefined) {
    return value(
      (text) => /^[+-]?\d+$/.test(text) && Number(text) >= rangeMatch.start && Number(text) < rangeMatch.end,
    );
  }
  return { kind: 'present', present: matcher.presentMatch ?? true };
}

function translateQuery(matcher: route_QueryParameterMatcher, path: string, problems: Problems): QueryMatch {
  const { name, stringMatch } = matcher;
  if (name === '') problems.add(`${path}.name`, 'must not be empty');
  if (matcher.presentMatch === false) problems.add(`${path}.present_match`, 'false is not supported');
  return stringMatch === undefined
    ? { name }
    : { name, test: translateStringMatcher(stringMatch, `${path}.string_match`, problems) };
}
