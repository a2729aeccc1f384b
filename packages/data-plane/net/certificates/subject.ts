import { X509Certificate } from 'node:crypto';

/** The subject of a certificate (DER) as RFC 2253 writes it: `CN=a,O=b`, the most specific first. */
export function certificateSubject(certificate: Buffer): string {
  // Node writes one attribute per line, with the escapes of RFC 2253, the most general first.
  return (new X509Certificate(certificate).subject ?? '').split('\n').reverse().join(',');
}
