import type { MessageInitShape } from '@bufbuild/protobuf';
import type { JwtProviderSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import type { KeySets, TokenRule } from '../../../model/security/request-authentication.ts';
import { payloadKey } from './names.ts';

/** Claims that are lists of words to Istio. */
const wordLists = ['scope', 'permission'];

/**
 * Until an issuer's keys are known its tokens are refused, as in Istio. Envoy takes no empty set: this is a point of P-256
 * whose private key nobody has, as its x is a hash (the test makes it again).
 */
export const nobodysKeys =
  '{"keys":[{"kty":"EC","crv":"P-256","x":"0ruXdZ0amThfdtJPbVRsRCA38-61hV2HePzGbIVZ9XA","y":"-g2yT1upHCaMUa2tVgv7Np44pLiWDq8UT7ivZpI3xIE"}]}';

/** One rule as Envoy's JwtProvider. @param clearRouteCache routes may depend on claims */
export function provider(
  { spec, keys }: TokenRule,
  keySets: KeySets,
  clearRouteCache: boolean,
): MessageInitShape<typeof JwtProviderSchema> {
  const inlineString = keys === undefined ? (spec.jwks ?? '') : (keySets.get(keys.url) ?? nobodysKeys);
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
