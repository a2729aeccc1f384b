import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { isSignedBy } from '../net/certificates/chain.ts';
import { pemCertificates } from '../net/certificates/pem.ts';

/** What a proxy shows and whom it believes. Replaced as a whole. */
export interface Svid {
  /** PKCS #8. */
  readonly keyPem: string;
  /** Leaf, then intermediates. */
  readonly chainPem: string;
  /** Every root that the mesh trusts. */
  readonly rootsPem: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Why certificates are not usable as the proxy's SVID. */
export class SvidError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SvidError';
  }
}

/**
 * Puts key, chain and roots together after checking that they belong together: the leaf is for this key
 * and for exactly `uri`, each certificate is signed by the next, the last by one of the roots, and all are
 * valid at `now`.
 * @throws SvidError
 */
export function assembleSvid(
  parts: { readonly keyPem: string; readonly chainPem: string; readonly rootsPem: string },
  expected: { readonly uri: string; readonly now: number },
): Svid {
  const chain = certificates(parts.chainPem);
  const roots = certificates(parts.rootsPem);
  const [leaf] = chain;
  if (leaf === undefined) throw new SvidError('the chain is empty');
  if (!leaf.checkPrivateKey(createPrivateKey(parts.keyPem)))
    throw new SvidError('the certificate is for another key');
  // The text form of one URI SAN and nothing else. A value with a comma or quote would be printed quoted.
  if (leaf.subjectAltName !== `URI:${expected.uri}`) {
    throw new SvidError(`the certificate is for ${leaf.subjectAltName ?? 'nobody'}, not for ${expected.uri}`);
  }
  checkSignatures(chain, roots);
  for (const certificate of chain) checkTime(certificate, expected.now);
  const notAfter = Math.min(...chain.map((certificate) => certificate.validToDate.getTime()));
  return { ...parts, notBefore: leaf.validFromDate.getTime(), notAfter };
}

function checkSignatures(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): void {
  chain.forEach((certificate, at) => {
    const next = chain[at + 1];
    const issuers = next === undefined ? roots : [next];
    if (!issuers.some((issuer) => isSignedBy(certificate, issuer)))
      throw new SvidError('the chain does not lead to a root of the bundle');
  });
}

function checkTime(certificate: X509Certificate, now: number): void {
  if (certificate.validFromDate.getTime() > now)
    throw new SvidError(`not valid before ${certificate.validFrom}`);
  if (certificate.validToDate.getTime() <= now) throw new SvidError(`expired on ${certificate.validTo}`);
}

/** @throws SvidError for a block that is no certificate */
export function certificates(pem: string): X509Certificate[] {
  try {
    return pemCertificates(pem);
  } catch {
    throw new SvidError('not a PEM certificate');
  }
}

/** Lower-case hex SHA-256 of the certificate's DER: what an enrolment token pins. */
export function pinOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
