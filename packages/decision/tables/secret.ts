export type SecretTable =
  | { readonly kind: 'certificate'; readonly chainPem: string; readonly keyPem: string }
  | { readonly kind: 'roots'; readonly pem: string };
