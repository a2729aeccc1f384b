import type { MessageInitShape } from '@bufbuild/protobuf';
import { claimOfHeader } from '@tulle/resources/istio/claim-path';
import type { MetadataMatcherSchema } from '@tulle/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { ValueMatcherSchema } from '@tulle/xds/gen/envoy/type/matcher/v3/value_pb.js';
import type { StringMatch, StringMatches } from '../../../model/istio.ts';
import { compare } from '../../../model/origin.ts';
import { stringMatcher } from '../../messages/string-match.ts';
import { jwtFilterName, payloadKey } from './names.ts';

type MetadataMatcher = MessageInitShape<typeof MetadataMatcherSchema>;
type ValueMatcher = MessageInitShape<typeof ValueMatcherSchema>;

/** Where Envoy's metadata has a claim. */
export const claimSegments = (claim: readonly string[]): { readonly key: string }[] =>
  [payloadKey, ...claim].map((key) => ({ key }));

/** What a match says of claims, among its headers: that they must match, and that they must not. */
export function claimMatchers(
  headers: StringMatches = {},
  withoutHeaders: StringMatches = {},
): MetadataMatcher[] {
  return [
    ...named(headers).map(({ claim, match }) => claimMatcher(claim, match, false)),
    ...named(withoutHeaders).map(({ claim, match }) => claimMatcher(claim, match, true)),
  ];
}

/** Without what is said of claims. */
export function withoutClaims(headers: StringMatches = {}): StringMatches {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => claimOfHeader(name) === undefined));
}

const named = (
  headers: StringMatches,
): { readonly claim: readonly string[]; readonly match: StringMatch }[] =>
  Object.entries(headers)
    .toSorted(([a], [b]) => compare(a, b))
    .flatMap(([name, match]) => {
      const claim = claimOfHeader(name);
      return claim === undefined ? [] : [{ claim, match }];
    });

/** A text, or one of a list of texts (Istio); an empty match: it is there. */
function claimMatcher(claim: readonly string[], match: StringMatch, invert: boolean): MetadataMatcher {
  return {
    filter: jwtFilterName,
    path: claimSegments(claim).map(({ key }) => segment(key)),
    value: valueMatcher(match),
    invert,
  };
}

const segment = (key: string) => ({ segment: { case: 'key' as const, value: key } });

function valueMatcher(match: StringMatch): ValueMatcher {
  const value = stringMatcher(match);
  if (value === undefined) return { matchPattern: { case: 'presentMatch', value: true } };
  const text: ValueMatcher = { matchPattern: { case: 'stringMatch', value } };
  return {
    matchPattern: {
      case: 'orMatch',
      value: {
        valueMatchers: [
          text,
          { matchPattern: { case: 'listMatch', value: { matchPattern: { case: 'oneOf', value: text } } } },
        ],
      },
    },
  };
}
