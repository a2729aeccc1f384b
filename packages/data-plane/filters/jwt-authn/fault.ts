/** Why a token is not taken: Envoy's words, which refusals have as body. */
export const TokenFault = {
  Missing: 'Jwt is missing',
  NotYetValid: 'Jwt not yet valid',
  Expired: 'Jwt is expired',
  BadFormat: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  HeaderBase64: 'Jwt header is an invalid Base64url encoded',
  HeaderJson: 'Jwt header is an invalid JSON',
  HeaderAlg: 'Jwt header [alg] field is required and must be a string',
  HeaderAlgUnknown: 'Jwt header [alg] is not supported',
  HeaderKid: 'Jwt header [kid] field is not a string',
  HeaderCritical: 'Jwt header [crit] is not supported',
  PayloadBase64: 'Jwt payload is an invalid Base64url encoded',
  PayloadJson: 'Jwt payload is an invalid JSON',
  PayloadClaim: 'Jwt payload has a registered claim of another type',
  SignatureBase64: 'Jwt signature is an invalid Base64url encoded',
  UnknownIssuer: 'Jwt issuer is not configured',
  Audience: 'Audiences in Jwt are not allowed',
  NoMatchingKey: "Jwks doesn't have key to match kid or alg from Jwt",
  NoKeys: "Jwks doesn't have any valid public key",
  Signature: 'Jwt verification fails',
} as const;
export type TokenFault = (typeof TokenFault)[keyof typeof TokenFault];
