import { type Bound, boundOf } from './bound.ts';
import { type Identity, parseSpiffeUri } from './spiffe.ts';
import { x509 } from './x509.ts';

/** The caller of a connection, as its certificate says. The chain was verified by TLS before. */
export interface Peer {
  readonly identity: Identity;
  readonly bound: Bound;
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/**
 * Reads an SVID: not a CA, exactly one URI SAN, of this trust domain (X509-SVID §5.2: an SVID with more
 * than one URI is to be refused).
 * @param der the leaf certificate
 */
export function readPeer(der: Uint8Array, trustDomain: string): Peer | undefined {
  const certificate = new x509.X509Certificate(new Uint8Array(der));
  if (certificate.getExtension(x509.BasicConstraintsExtension)?.ca === true) return undefined;
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const uris = names.filter((name) => name.type === 'url').map((name) => name.value);
  const identity = uris.length === 1 ? parseSpiffeUri(uris[0] as string, trustDomain) : undefined;
  if (identity === undefined) return undefined;
  return {
    identity,
    bound: boundOf(certificate),
    serialNumber: certificate.serialNumber,
    notAfter: certificate.notAfter.getTime(),
  };
}
