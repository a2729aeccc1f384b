import type { MessageInitShape } from '@bufbuild/protobuf';
import type { JwtProviderSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import type { KeySets, TokenRule } from '../../model/request-authentication.ts';
import { payloadKey } from './names.ts';

/** Claims that are lists of words to Istio. */
const wordLists = ['scope', 'permission'];

/** Keys that verify nothing: tokens are refused until the issuer's are known, as in Istio. */
const noKeys = '{"keys":[]}';

/** One rule as Envoy's JwtProvider. @param clearRouteCache routes may depend on claims */
export function provider(
  { spec, keys }: TokenRule,
  keySets: KeySets,
  clearRouteCache: boolean,
): MessageInitShape<typeof JwtProviderSchema> {
  const inlineString = keys === undefined ? (spec.jwks ?? '') : (keySets.get(keys.url) ?? noKeys);
  return {
    issuer: spec.issuer ?? '',
    audiences: [...(spec.audiences ?? [])],
    jwksSourceSpecifier: {
      case: 'localJwks',
      value: { specifier: { case: 'inlineString', value: inlineString } },
    },
    forward: spec.forwardOriginalToken ?? false,
    fromHeaders: (spec.fromHeaders ?? []).map(({ name, prefix = '' }) => ({ name, valuePrefix: prefix })),
    fromParams: [...(spec.fromParams ?? [])],
    fromCookies: [...(spec.fromCookies ?? [])],
    forwardPayloadHeader: spec.outputPayloadToHeader ?? '',
    claimToHeaders: (spec.outputClaimToHeaders ?? []).map(({ header, claim }) => ({
      headerName: header,
      claimName: claim,
    })),
    payloadInMetadata: payloadKey,
    normalizePayloadInMetadata: {
      spaceDelimitedClaims: [...new Set([...wordLists, ...(spec.spaceDelimitedClaims ?? [])])],
    },
    clearRouteCache,
  };
}
