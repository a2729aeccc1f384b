import { createHash, hkdfSync } from 'node:crypto';

/**
 * Within what a server's sessions may be resumed: sealed under `ticketKeys` (48 bytes, as Node takes them) and
 * bound to `idContext` (at most 32 bytes), which OpenSSL compares too.
 */
export interface SessionScope {
  readonly ticketKeys: Buffer;
  readonly idContext: string;
}

/** What a session stands on. Any change of it ends every session. */
export interface SessionBasis {
  /** The proxy's own private key, PEM: made anew with every SVID, and known to its workers and successors alone. */
  readonly ownKeyPem: string;
  /** PEM of the certificates that the server shows. */
  readonly certificates: readonly string[];
  /** PEM of the roots that its clients are verified against; empty: none. */
  readonly roots: string;
  /** PEM of the lists of clients' certificates that were revoked. */
  readonly revoked: readonly string[];
  readonly requireClientCertificate: boolean;
}

/**
 * The scope that follows from `basis` alone (HKDF, RFC 5869), so that every process of one proxy accepts the
 * others' tickets without a word between them; see docs/decisions on session tickets.
 */
export function sessionScope(basis: SessionBasis): SessionScope {
  const { ownKeyPem, certificates, roots, revoked, requireClientCertificate } = basis;
  const trust = createHash('sha256')
    .update(JSON.stringify([certificates, roots, revoked, requireClientCertificate]))
    .digest();
  const derived = Buffer.from(hkdfSync('sha256', ownKeyPem, trust, 'tulle tls session tickets 1', 64));
  return { ticketKeys: derived.subarray(0, 48), idContext: derived.toString('hex', 48) };
}
