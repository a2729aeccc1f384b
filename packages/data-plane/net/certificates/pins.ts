import { createHash, X509Certificate } from 'node:crypto';
import type { CertificatePins } from '@tulle/decision/tables/tls';

/** Whether a peer's own certificate is one that is named, by itself or by its key; those above it don't count (Envoy). */
export function isPinned(
  { certificate, fingerprint }: { readonly certificate: Buffer; readonly fingerprint: string },
  { certificates, publicKeys }: CertificatePins,
): boolean {
  return (
    certificates.includes(fingerprint) ||
    (publicKeys.length > 0 && publicKeys.includes(publicKeyHash(certificate)))
  );
}

/** Of the SubjectPublicKeyInfo (RFC 7469 section 2.4). */
function publicKeyHash(certificate: Buffer): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
