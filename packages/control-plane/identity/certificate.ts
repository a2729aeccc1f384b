import { randomBytes } from 'node:crypto';
import { type Bound, subjectOf } from './bound.ts';
import type { SigningKeys } from './key-file.ts';
import { x509 } from './x509.ts';

/** Clocks of a mesh differ: a certificate is valid this long before it is made. */
const backdateMs = 2 * 60_000;

const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Who signs: its certificate and its private key. */
export interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly keys: SigningKeys;
}

/**
 * A CA certificate. As X509-SVID says of signing certificates: CA:true, keyCertSign and cRLSign, and the
 * trust domain as URI SAN without path.
 * @param request.issuer absent: self-signed
 * @param request.pathLength how many CAs may follow below
 */
export function createCaCertificate(request: {
  readonly commonName: string;
  readonly trustDomain: string;
  readonly keys: SigningKeys;
  readonly issuer?: Issuer;
  readonly pathLength: number;
  readonly now: number;
  readonly lifetimeMs: number;
}): Promise<x509.X509Certificate> {
  const { keys, issuer, now } = request;
  const subject = `O=${request.trustDomain}, CN=${request.commonName}`;
  return create({
    subject,
    issuerName: issuer?.certificate.subject ?? subject,
    publicKey: keys.publicKey,
    signer: issuer?.keys ?? keys,
    now,
    notAfter: notAfter(now + request.lifetimeMs, issuer),
    extensions: [
      new x509.BasicConstraintsExtension(true, request.pathLength, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.SubjectAlternativeNameExtension(
        [{ type: 'url', value: `spiffe://${request.trustDomain}` }],
        false,
      ),
    ],
    authorityKey: issuer?.keys.publicKey,
  });
}

/**
 * A leaf SVID: exactly one URI SAN, critical since the subject may be empty (RFC 5280 §4.2.1.6); CA:false;
 * digitalSignature; for servers and clients. It ends with its issuer at the latest.
 * @param request.bound the instance and claims that it is bound to
 */
export function createSvid(request: {
  readonly uri: string;
  readonly bound: Bound;
  readonly publicKey: x509.PublicKey;
  readonly issuer: Issuer;
  readonly now: number;
  readonly lifetimeMs: number;
}): Promise<x509.X509Certificate> {
  const { issuer, now, bound } = request;
  return create({
    subject: subjectOf(bound),
    issuerName: issuer.certificate.subject,
    publicKey: request.publicKey,
    signer: issuer.keys,
    now,
    notAfter: notAfter(now + request.lifetimeMs, issuer),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: request.uri }], true),
    ],
    authorityKey: issuer.keys.publicKey,
  });
}

function notAfter(wanted: number, issuer: Issuer | undefined): number {
  return issuer === undefined ? wanted : Math.min(wanted, issuer.certificate.notAfter.getTime());
}

async function create(request: {
  subject: string | x509.JsonName;
  issuerName: string;
  publicKey: SigningKeys['publicKey'] | x509.PublicKey;
  signer: SigningKeys;
  now: number;
  notAfter: number;
  extensions: x509.Extension[];
  authorityKey: SigningKeys['publicKey'] | undefined;
}): Promise<x509.X509Certificate> {
  const keyIds: x509.Extension[] = [await x509.SubjectKeyIdentifierExtension.create(request.publicKey)];
  if (request.authorityKey !== undefined) {
    keyIds.push(await x509.AuthorityKeyIdentifierExtension.create(request.authorityKey));
  }
  return x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subject,
    issuer: request.issuerName,
    notBefore: new Date(request.now - backdateMs),
    notAfter: new Date(request.notAfter),
    publicKey: request.publicKey,
    signingKey: request.signer.privateKey,
    signingAlgorithm,
    extensions: [...request.extensions, ...keyIds],
  });
}

/** 127 random bits, positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
