export interface TlsParameters {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Of TLS 1.2, as OpenSSL names them; those of TLS 1.3 are always on. Empty: OpenSSL's own. */
  readonly cipherSuites: readonly string[];
  /** Groups for the key exchange, best first. Empty: a default. */
  readonly ecdhCurves: readonly string[];
  readonly alpn: readonly string[];
}

export interface PeerValidation {
  /** Name of the secret that holds the trusted roots. */
  readonly rootsSecret: string;
  /** Any of them must match any URI or DNS SAN; empty: any certificate of the roots. */
  readonly subjectAltNames: readonly NameMatcher[];
  /** Name of the secret that holds lists of revoked certificates, beside those that come with the roots. */
  readonly crlSecret?: string;
  /** The certificate must be one of these, by either hash (Envoy's verify_certificate_spki and _hash). */
  readonly pins?: CertificatePins;
  /** What does not hold up is let in all the same, but nobody's identity (Envoy's ACCEPT_UNTRUSTED). */
  readonly acceptUntrusted?: true;
}

/** SHA-256 of what a peer may show. */
export interface CertificatePins {
  /** Of the DER, lower-case hex. */
  readonly certificates: readonly string[];
  /** Of the public key's SubjectPublicKeyInfo, base64. */
  readonly publicKeys: readonly string[];
}

/** Accepts a name of a certificate, or not: what is a URI's text may be a DNS name's as well. */
export type NameMatcher = (name: string, kind: 'uri' | 'dns') => boolean;

export interface DownstreamTls extends TlsParameters {
  readonly requireClientCertificate: boolean;
  /** Names of secrets. An exact name for the SNI goes before a wildcard, and that before the first of the list. */
  readonly certificateSecrets: readonly string[];
  /** How long a client may resume a session instead of proving itself again; 0: never. */
  readonly sessionTimeoutMs: number;
  readonly validation?: PeerValidation;
}

export interface UpstreamTls extends TlsParameters {
  /** SNI to send; empty: none. */
  readonly sni: string;
  readonly resumeSessions: boolean;
  readonly certificateSecret?: string;
  readonly validation?: PeerValidation;
}
