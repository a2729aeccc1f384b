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
  /** Without one the subject is empty. */
  readonly commonName?: string;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly csrPem?: string;
  /** An RSA key of 2048 bits in place of an ECDSA one. */
  readonly rsa?: boolean;
  /** Of the key usage extension, which is left out by default. */
  readonly keyUsages?: number;
  /** OIDs of the extended key usage extension, which is left out by default. */
  readonly extendedKeyUsages?: readonly string[];
  /** A certificate that may sign others, shown as a leaf all the same. */
  readonly isAuthority?: boolean;
  /** A critical extension that nobody knows. */
  readonly unknownExtension?: boolean;
}

export const keyUsage = x509.KeyUsageFlags;
export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';

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
  /** A list of those of its leaves that are revoked, PEM as OpenSSL's. */
  revoke(...leaves: readonly Pick<TestLeaf, 'chainPem'>[]): Promise<string>;
  /** An authority that this one has signed; its leaves come with its certificate. */
  intermediate(options?: Validity & { readonly isAuthority?: boolean }): Promise<TestAuthority>;
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
    extensions: authorityExtensions(true),
  });
  return authorityOf(root, keys, root, '');
}

/** A leaf that nobody but its own key vouches for. */
export async function selfSigned(leaf: LeafRequest): Promise<TestLeaf> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${leaf.commonName ?? 'self'}`,
    ...dates(leaf),
    keys,
    signingAlgorithm: ecdsa,
    extensions: leafExtensions(leaf),
  });
  return { chainPem: `${certificate.toString('pem')}\n`, keyPem: await pkcs8(keys.privateKey) };
}

/** @param shown PEM that leaves come with */
function authorityOf(
  certificate: x509.X509Certificate,
  keys: webcrypto.CryptoKeyPair,
  root: x509.X509Certificate,
  shown: string,
): TestAuthority {
  const sign = (
    subject: string,
    publicKey: x509.PublicKeyType,
    validity: Validity,
    extensions: x509.Extension[],
  ): Promise<x509.X509Certificate> =>
    x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject,
      issuer: certificate.subject,
      ...dates(validity),
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ecdsa,
      extensions,
    });
  return {
    rootPem: `${root.toString('pem')}\n`,
    pin: createHash('sha256').update(new Uint8Array(root.rawData)).digest('hex'),
    async issue({ csrPem, ...leaf }) {
      const own = csrPem === undefined ? await newKeys(leaf.rsa) : undefined;
      const publicKey = own?.publicKey ?? new x509.Pkcs10CertificateRequest(csrPem ?? '').publicKey;
      const subject = leaf.commonName === undefined ? '' : `CN=${leaf.commonName}`;
      const issued = await sign(subject, publicKey, leaf, leafExtensions(leaf));
      return {
        chainPem: `${issued.toString('pem')}\n${shown}`,
        keyPem: own === undefined ? '' : await pkcs8(own.privateKey),
      };
    },
    async revoke(...leaves) {
      const list = await x509.X509CrlGenerator.create({
        issuer: certificate.subject,
        thisUpdate: new Date(Date.now() - hour),
        nextUpdate: new Date(Date.now() + hour),
        signingAlgorithm: ecdsa,
        signingKey: keys.privateKey,
        entries: leaves.map(({ chainPem }) => ({
          serialNumber: new x509.X509Certificate(chainPem).serialNumber,
          revocationDate: new Date(Date.now() - hour),
          // Without any the generator writes an empty list of extensions, which BoringSSL refuses.
          reason: x509.X509CrlReason.keyCompromise,
        })),
      });
      return `${list.toString('pem').replaceAll(' CRL', ' X509 CRL')}\n`;
    },
    async intermediate({ isAuthority = true, ...validity } = {}) {
      const own = await newKeys();
      const signed = await sign('CN=intermediate', own.publicKey, validity, authorityExtensions(isAuthority));
      return authorityOf(signed, own, root, `${signed.toString('pem')}\n${shown}`);
    },
  };
}

const authorityExtensions = (isAuthority: boolean): x509.Extension[] => [
  new x509.BasicConstraintsExtension(isAuthority, isAuthority ? 1 : undefined, true),
  new x509.KeyUsagesExtension(
    isAuthority
      ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
      : x509.KeyUsageFlags.digitalSignature,
    true,
  ),
];

function leafExtensions(leaf: LeafRequest): x509.Extension[] {
  const { isAuthority = false, keyUsages, extendedKeyUsages, unknownExtension = false } = leaf;
  return [
    new x509.BasicConstraintsExtension(isAuthority, undefined, true),
    new x509.SubjectAlternativeNameExtension(namesOf(leaf), true),
    ...(keyUsages === undefined ? [] : [new x509.KeyUsagesExtension(keyUsages, true)]),
    ...(extendedKeyUsages === undefined
      ? []
      : [new x509.ExtendedKeyUsageExtension([...extendedKeyUsages], true)]),
    ...(unknownExtension ? [new x509.Extension('1.3.6.1.4.1.99999.1', true, new Uint8Array([5, 0]))] : []),
  ];
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

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

function newKeys(isRsa = false): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(isRsa ? rsa : ecdsa, true, ['sign', 'verify']);
}

async function pkcs8(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}

/** Positive and without a leading zero byte, as DER wants it. */
const serial = (): string => `4${randomBytes(15).toString('hex').slice(1)}`;
