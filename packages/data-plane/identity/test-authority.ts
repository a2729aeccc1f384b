/** A certificate authority for the tests of this room: it signs what it is asked for, right or wrong. */
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface TestAuthority {
  readonly rootPem: string;
  readonly pin: string;
  /** A leaf for the key of the request, or for a new key. */
  sign(leaf: { uri: string; csrPem?: string; notBefore: number; notAfter: number }): Promise<TestLeaf>;
}

export interface TestLeaf {
  readonly pem: string;
  /** Absent when the key came from a request. */
  readonly keyPem?: string;
}

export async function testAuthority(validity: {
  notBefore: number;
  notAfter: number;
}): Promise<TestAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=test root',
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    rootPem: `${root.toString('pem')}\n`,
    pin: createHash('sha256').update(new Uint8Array(root.rawData)).digest('hex'),
    async sign({ uri, csrPem, notBefore, notAfter }) {
      const own = csrPem === undefined ? await newKeys() : undefined;
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: '',
        issuer: root.subject,
        notBefore: new Date(notBefore),
        notAfter: new Date(notAfter),
        publicKey: own?.publicKey ?? new x509.Pkcs10CertificateRequest(csrPem as string).publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ecdsa,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }], true),
        ],
      });
      const pem = `${leaf.toString('pem')}\n`;
      return own === undefined ? { pem } : { pem, keyPem: await keyPem(own.privateKey) };
    },
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
}

const serial = (): string => `4${randomBytes(15).toString('hex').slice(1)}`;
