import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;

export interface TestLeaf {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  readonly ca: string;
  leaf(names: readonly x509.JsonGeneralName[], notAfter?: Date): Promise<TestLeaf>;
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
const serial = (): string => randomBytes(8).toString('hex').replace(/^./, '1');
const notBefore = new Date(Date.now() - hour);

/** A root that signs leaves with whatever names a test wants. */
export async function testAuthority(): Promise<TestAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=test root',
    notBefore,
    notAfter: new Date(Date.now() + hour),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  return {
    ca: root.toString('pem'),
    async leaf(names, notAfter = new Date(Date.now() + hour)) {
      const own = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: '',
        issuer: root.subject,
        notBefore,
        notAfter,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ecdsa,
        extensions: [new x509.SubjectAlternativeNameExtension([...names], true)],
      });
      const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
      return {
        cert: certificate.toString('pem'),
        key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`,
      };
    },
  };
}
