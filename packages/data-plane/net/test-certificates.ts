/** For tests: an authority that signs any name for any time. Development only: the proxy loads no X.509 library. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { SecretTable } from '@tulle/decision/tables';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 86_400_000;

export interface LeafRequest {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Milliseconds from now. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

export interface TestAuthority {
  readonly roots: Extract<SecretTable, { kind: 'roots' }>;
  issue(leaf: LeafRequest): Promise<Extract<SecretTable, { kind: 'certificate' }>>;
}

let serial = 0;

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

export async function createTestAuthority(name: string): Promise<TestAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: String(++serial).padStart(8, '0'),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 10 * day),
    notAfter: new Date(Date.now() + 10 * day),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    roots: { kind: 'roots', pem: root.toString('pem') },
    async issue({ uris = [], dnsNames = [], notBefore = -60_000, notAfter = day }) {
      const own = await newKeys();
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: String(++serial).padStart(8, '0'),
        subject: '',
        issuer: root.subject,
        notBefore: new Date(Date.now() + notBefore),
        notAfter: new Date(Date.now() + notAfter),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ecdsa,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.SubjectAlternativeNameExtension(
            [
              ...uris.map((value) => ({ type: 'url' as const, value })),
              ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
            ],
            true,
          ),
        ],
      });
      const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
      return {
        kind: 'certificate',
        chainPem: leaf.toString('pem'),
        keyPem: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
      };
    },
  };
}
