import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '@tulle/xds/clock';
import { newKeyPem, readIfPresent, signingKeys, writePrivateFile } from '../../identity/key-file.ts';
import { x509 } from '../../identity/x509.ts';
import type { ServingCertificate } from './front.ts';

const day = 86_400_000;
const lifetime = 730 * day;
const renewBefore = 60 * day;
const backdate = 120_000;

/**
 * The API's own TLS key and self-signed certificate, kept 0600 in `api-tls.pem`; made anew when absent, near
 * its end or for another address. kubectl trusts exactly this certificate, by its kubeconfig.
 */
export async function openServingCertificate(
  stateDir: string,
  { clock, address = '127.0.0.1' }: { readonly clock: Clock; readonly address?: string },
): Promise<ServingCertificate> {
  const path = join(stateDir, 'api-tls.pem');
  const known = parse(readIfPresent(path) ?? '');
  if (known !== undefined && isGood(known, address, clock.now())) return known;
  const made = await make(address, clock.now());
  writePrivateFile(path, `${made.keyPem}\n${made.certPem}\n`);
  return made;
}

function parse(text: string): ServingCertificate | undefined {
  const keyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(text)?.[0];
  const certPem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text)?.[0];
  return keyPem === undefined || certPem === undefined ? undefined : { keyPem, certPem };
}

function isGood({ keyPem, certPem }: ServingCertificate, address: string, now: number): boolean {
  try {
    const certificate = new X509Certificate(certPem);
    const lasts = certificate.validToDate.getTime() - renewBefore > now;
    return (
      lasts &&
      certificate.checkIP(address) !== undefined &&
      certificate.checkPrivateKey(createPrivateKey(keyPem))
    );
  } catch {
    // Damaged: as if it were not there.
    return false;
  }
}

async function make(address: string, now: number): Promise<ServingCertificate> {
  const keyPem = newKeyPem();
  const addresses = [...new Set(['127.0.0.1', '::1', address])];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=tulle-api',
      notBefore: new Date(now - backdate),
      notAfter: new Date(now + lifetime),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      keys: await signingKeys(keyPem),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          ...addresses.map((value) => ({ type: 'ip' as const, value })),
        ]),
      ],
    },
    webcrypto,
  );
  return { keyPem: keyPem.trim(), certPem: certificate.toString('pem').trim() };
}
