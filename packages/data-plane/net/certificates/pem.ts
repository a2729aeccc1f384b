import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM text, in its order; what stands between them is not looked at. @throws for a block that is none */
export function pemCertificates(pem: string): X509Certificate[] {
  return blocks(pem, 'CERTIFICATE').map((block) => new X509Certificate(block));
}

/** The lists of revoked certificates of a PEM text, each as one (RFC 7468 section 6). */
export const pemRevocationLists = (pem: string): string[] => blocks(pem, 'X509 CRL');

const blocks = (pem: string, label: 'CERTIFICATE' | 'X509 CRL'): string[] =>
  pem.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'g')) ?? [];
