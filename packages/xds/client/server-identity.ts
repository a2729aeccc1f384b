import { X509Certificate } from 'node:crypto';

/**
 * Why the server is not who it should be, or undefined if it is. Its chain has been verified already; here
 * its one URI SAN must be the SPIFFE ID. Host names and addresses are not looked at: a control plane moves.
 */
export function serverIdentityError(certificate: Uint8Array, identity: string): Error | undefined {
  const names = new X509Certificate(certificate).subjectAltName?.split(', ') ?? [];
  // Node quotes values that could be taken for several; nobody of ours has such a name.
  const odd = names.some((name) => name.includes('"'));
  const uris = names.filter((name) => name.startsWith('URI:')).map((name) => name.slice('URI:'.length));
  if (!odd && uris.length === 1 && uris[0] === identity) return undefined;
  return new Error(`the control plane presents ${uris.join(', ') || 'no SPIFFE ID'} instead of ${identity}`);
}
