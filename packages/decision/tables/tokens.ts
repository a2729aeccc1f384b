import type { RouteMatch } from './route.ts';

/** envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication: whose tokens (JWT, RFC 7519) requests may bring. */
export interface TokenAuthentication {
  /** The first that matches a request says what it must bring; without one it passes. */
  readonly rules: readonly {
    readonly match: RouteMatch;
    /** Undefined: nothing. */
    readonly requirement: TokenRequirement | undefined;
  }[];
  /** CORS preflights, which have no credentials, pass. */
  readonly passesPreflights: boolean;
  /** Refusals don't say why. */
  readonly isSilent: boolean;
}

export type TokenRequirement =
  | { readonly kind: 'provider'; readonly provider: TokenProvider }
  | { readonly kind: 'any' | 'all'; readonly of: readonly TokenRequirement[] }
  /** No token where those look that are asked for beside it, in the same `any`: it comes last there. */
  | { readonly kind: 'allow-missing'; readonly besides: readonly TokenProvider[] }
  | { readonly kind: 'allow-missing-or-failed' };

/** An issuer of tokens. The same object wherever it is asked for. */
export interface TokenProvider {
  readonly name: string;
  /** Empty: any. */
  readonly issuer: string;
  /** Of which a token must be for one; empty: for anybody. */
  readonly audiences: readonly string[];
  /** JSON Web Key Set (RFC 7517). */
  readonly keySet: string;
  /** A prefix that is empty: the whole value is the token. Names are in lower case. */
  readonly headers: readonly { readonly name: string; readonly prefix: string }[];
  readonly parameters: readonly string[];
  readonly cookies: readonly string[];
  /** The token goes on to the service. */
  readonly isForwarded: boolean;
  /** Header that the payload goes on in, as it stood in the token; empty: none. */
  readonly payloadHeader: string;
  /** Base64 with `=` at its end. */
  readonly padsPayload: boolean;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: readonly string[] }[];
  /** Where its claims stand in the request's metadata; empty: nowhere. */
  readonly metadataKey: string;
  /** Claims whose text is a list of words there. */
  readonly wordLists: readonly string[];
  readonly clockSkewSeconds: number;
  /** Routes may depend on claims: they are looked for again. */
  readonly clearsRoute: boolean;
}
