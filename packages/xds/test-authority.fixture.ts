/** A certificate authority for tests: it signs what it is asked for, right or wrong, for any time. */
import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;

/** Milliseconds since the epoch. By default from an hour ago to in an hour. */
export interface Validity {
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** The names of a leaf, and the request whose key it is for; without one it gets a new key. */
export interface LeafRequest extends Validity {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly csrPem?: string;
}

export interface TestLeaf {
  readonly chainPem: string;
  /** PKCS #8; empty when the key came from a request. */
  readonly keyPem: string;
}

export interface TestAuthority {
  readonly rootPem: string;
  /** What an enrolment token pins: lower-case hex SHA-256 of the root's DER. */
  readonly pin: string;
  issue(leaf: LeafRequest): Promise<TestLeaf>;
}

export async function testAuthority({
  name = 'test root',
  ...validity
}: Validity & { readonly name?: string } = {}): Promise<TestAuthority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${name}`,
    ...dates(validity),
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
    async issue({ csrPem, ...leaf }) {
      const own = csrPem === undefined ? await newKeys() : undefined;
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(),
        subject: '',
        issuer: root.subject,
        ...dates(leaf),
        publicKey: own?.publicKey ?? new x509.Pkcs10CertificateRequest(csrPem ?? '').publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ecdsa,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.SubjectAlternativeNameExtension(namesOf(leaf), true),
        ],
      });
      return {
        chainPem: `${certificate.toString('pem')}\n`,
        keyPem: own === undefined ? '' : await pkcs8(own.privateKey),
      };
    },
  };
}

function namesOf({ uris = [], dnsNames = [], addresses = [] }: LeafRequest): x509.JsonGeneralName[] {
  return [
    ...uris.map((value) => ({ type: 'url' as const, value })),
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
}

function dates({ notBefore = Date.now() - hour, notAfter = Date.now() + hour }: Validity) {
  return { notBefore: new Date(notBefore), notAfter: new Date(notAfter) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

async function pkcs8(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

/** Positive and without a leading zero byte, as DER wants it. */
const serial = (): string => `4${randomBytes(15).toString('hex').slice(1)}`;
