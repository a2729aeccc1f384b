import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM text, in its order; what stands between them is not looked at. @throws for a block that is none */
export function pemCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
