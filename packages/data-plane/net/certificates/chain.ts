import type { X509Certificate } from 'node:crypto';
import { pemCertificates } from './pem.ts';

/** Whether an authority has signed a certificate. */
export const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Whether a chain, leaf first, each signed by the next, comes to one that a root has signed. Dates are not looked at. */
export function leadsTo(roots: Iterable<X509Certificate>, chain: readonly X509Certificate[]): boolean {
  const anchors = [...roots];
  for (const [at, certificate] of chain.entries()) {
    if (anchors.some((root) => isSignedBy(certificate, root))) return true;
    const next = chain[at + 1];
    if (next === undefined || !isSignedBy(certificate, next)) return false;
  }
  return false;
}

/**
 * A chain to show, as OpenSSL would complete it: a leaf alone is followed by the root that signed it. Left to OpenSSL
 * that costs each handshake a search and the verification of our own certificate.
 *
 * @param chain PEM, leaf first
 * @param roots PEM
 */
export function completeChain(chain: string, roots: string): string {
  const [leaf, ...others] = pemCertificates(chain);
  if (leaf === undefined || others.length > 0) return chain;
  const issuer = pemCertificates(roots).find((root) => isSignedBy(leaf, root));
  return issuer === undefined ? chain : `${chain}\n${issuer.toString()}`;
}
