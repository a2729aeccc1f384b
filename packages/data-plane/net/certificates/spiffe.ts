import { createHash } from 'node:crypto';
import type { PeerValidation } from '@tulle/decision/tables/tls';
import { isAuthority, readExtensions } from './extensions.ts';
import { isPinned } from './pins.ts';
import { type SubjectAltNames, subjectAltNamesIn } from './subject-alt-names.ts';

/** Who is at the other end of a TLS connection, after its certificate was verified. */
export interface PeerIdentity {
  /** `spiffe://<trust domain>/<path>`; undefined for a certificate that is no SVID. */
  readonly spiffeId: string | undefined;
  readonly trustDomain: string | undefined;
  readonly names: SubjectAltNames;
  /** DER. */
  readonly certificate: Buffer;
  /** As `Hash` of x-forwarded-client-cert: lower-case hex SHA-256 of the DER. */
  readonly fingerprint: string;
}

/** Why a verified certificate is not accepted for the peer that it should be. */
export class IdentityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'IdentityError';
  }
}

const form = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;

/** The trust domain of a SPIFFE ID (SPIFFE-ID sections 2.1 and 2.2), undefined if it is none. */
function trustDomainOf(uri: string): string | undefined {
  if (uri.length > 2048) return undefined;
  const parts = form.exec(uri);
  if (parts === null || parts[2]?.split('/').some((segment) => segment === '.' || segment === '..'))
    return undefined;
  return parts[1];
}

/** By the bytes of their certificates: the same peers come again and again. Emptied when it is full. */
const known = new Map<string, PeerIdentity>();
const mostKnown = 1_024;

/**
 * Who a certificate is for.
 *
 * @param certificate DER, whose chain has been verified
 * @throws IdentityError
 */
export function identityOf(certificate: Buffer): PeerIdentity {
  const bytes = certificate.toString('latin1');
  let peer = known.get(bytes);
  if (peer === undefined) {
    peer = readIdentity(certificate);
    if (known.size === mostKnown) known.clear();
    known.set(bytes, peer);
  }
  return peer;
}

/**
 * Who shows a certificate that nobody vouches for: what it says is passed on and not believed.
 *
 * @throws IdentityError for one that can't be read
 */
export function strangerOf(certificate: Buffer): PeerIdentity {
  const { names } = readCertificate(certificate);
  const fingerprint = fingerprintOf(certificate);
  return { spiffeId: undefined, trustDomain: undefined, names, certificate, fingerprint };
}

const fingerprintOf = (certificate: Buffer): string => createHash('sha256').update(certificate).digest('hex');

/** A SPIFFE certificate has exactly one URI SAN (X509-SVID section 2). @throws IdentityError */
function readIdentity(certificate: Buffer): PeerIdentity {
  const { names, signsOthers } = readCertificate(certificate);
  const fingerprint = fingerprintOf(certificate);
  const claimed = names.uris.find((uri) => /^spiffe:/i.test(uri));
  if (claimed === undefined)
    return { spiffeId: undefined, trustDomain: undefined, names, certificate, fingerprint };
  if (names.uris.length !== 1) throw new IdentityError('the certificate has more than one URI name');
  const trustDomain = trustDomainOf(claimed);
  if (trustDomain === undefined) throw new IdentityError(`${claimed} is not a SPIFFE ID`);
  // Section 4.1: what may sign others is nobody's own identity.
  if (signsOthers) throw new IdentityError(`the certificate of ${claimed} is one that signs others`);
  return { spiffeId: claimed, trustDomain, names, certificate, fingerprint };
}

/** @throws IdentityError */
function readCertificate(certificate: Buffer): {
  readonly names: SubjectAltNames;
  readonly signsOthers: boolean;
} {
  try {
    const extensions = readExtensions(certificate);
    return { names: subjectAltNamesIn(extensions), signsOthers: isAuthority(extensions) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new IdentityError(`the certificate's extensions are malformed: ${error.message}`);
  }
}

/** @throws IdentityError unless one of the names is accepted, and the certificate is one of those that are named */
export function checkIdentity(peer: PeerIdentity, { subjectAltNames, pins }: PeerValidation): void {
  if (subjectAltNames.length > 0) checkNames(peer, subjectAltNames);
  if (pins !== undefined && !isPinned(peer, pins))
    throw new IdentityError(`the certificate ${peer.fingerprint} is none of those that are accepted`);
}

function checkNames(peer: PeerIdentity, subjectAltNames: PeerValidation['subjectAltNames']): void {
  const { uris, dnsNames } = peer.names;
  const accepts = (kind: 'uri' | 'dns', names: readonly string[]): boolean =>
    names.some((name) => subjectAltNames.some((matches) => matches(name, kind)));
  if (accepts('uri', uris) || accepts('dns', dnsNames)) return;
  const shown = [...uris, ...dnsNames].join(', ');
  throw new IdentityError(shown === '' ? 'the certificate has no name' : `${shown} is not accepted here`);
}
