import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { peerCertificate } from '../net/certificates/peer-certificate.ts';
import { identityOf } from '../net/certificates/spiffe.ts';

/** The SPIFFE ID that a TLS server showed; empty: none. Verified already, where it is to be, when the connection was made. */
export function serverSpiffeId(socket: Socket): string {
  const certificate = peerCertificate(socket as TLSSocket);
  try {
    return certificate === undefined ? '' : (identityOf(certificate).spiffeId ?? '');
  } catch {
    return '';
  }
}
