export type SecretTable =
  | { readonly kind: 'certificate'; readonly chainPem: string; readonly keyPem: string }
  /** `crlPem`: lists of what their authorities have revoked. */
  | { readonly kind: 'roots'; readonly pem: string; readonly crlPem?: string }
  | { readonly kind: 'crl'; readonly pem: string };
