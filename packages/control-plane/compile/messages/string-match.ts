import type { MessageInitShape } from '@bufbuild/protobuf';
import type { StringMatcherSchema } from '@tulle/xds/gen/envoy/type/matcher/v3/string_pb.js';
import type { StringMatch } from '../../model/istio.ts';

type StringMatcher = MessageInitShape<typeof StringMatcherSchema>;

/** Envoy's matcher; undefined: any value will do, only presence counts (an empty match). */
export function stringMatcher(match: StringMatch): StringMatcher | undefined {
  if (match.exact !== undefined) return { matchPattern: { case: 'exact', value: match.exact } };
  if (match.prefix !== undefined) return { matchPattern: { case: 'prefix', value: match.prefix } };
  if (match.regex === undefined) return undefined;
  return { matchPattern: { case: 'safeRegex', value: { regex: match.regex } } };
}
