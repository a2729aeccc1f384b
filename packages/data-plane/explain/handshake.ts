import type { X509Certificate } from 'node:crypto';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import { leadsTo } from '../net/certificates/chain.ts';
import { pemCertificates, pemRevocationLists } from '../net/certificates/pem.ts';
import { isRevoked, readRevocations } from '../net/certificates/revocation-list.ts';
import { checkIdentity, IdentityError, identityOf } from '../net/certificates/spiffe.ts';

/** What becomes of a client's handshake with a server that ends TLS. */
export type Handshake =
  | { readonly verdict: 'accepted' }
  /** `field`: which of a Gateway's `tls` says so; empty: several together. */
  | { readonly verdict: 'refused'; readonly reason: string; readonly field: 'mode' | 'subjectAltNames' | '' }
  /** What the server checks by is not known here. */
  | { readonly verdict: 'unknown'; readonly reason: string };

/**
 * As the server decides (`net/tls/server.ts`), without a key to prove anything by.
 * @param shown the client's certificates, leaf first; none: it shows none
 */
export function handshakeOf(
  { requireClientCertificate, validation }: DownstreamTls,
  shown: readonly X509Certificate[],
  secrets: ReadonlyMap<string, SecretTable>,
  now: number,
): Handshake {
  const [leaf] = shown;
  if (leaf === undefined)
    return requireClientCertificate
      ? { verdict: 'refused', reason: 'the client must show a certificate, and shows none', field: 'mode' }
      : { verdict: 'accepted' };
  if (validation === undefined || validation.acceptUntrusted === true) return { verdict: 'accepted' };
  const refused = (reason: string, field: 'subjectAltNames' | '' = ''): Handshake => ({
    verdict: 'refused',
    reason,
    field,
  });
  const roots = secrets.get(validation.rootsSecret);
  if (roots?.kind !== 'roots')
    return { verdict: 'unknown', reason: `the roots ${validation.rootsSecret} are not known here` };
  if (!leadsTo(pemCertificates(roots.pem), shown))
    return refused('no root of the server has signed the client’s certificate');
  if (
    shown.some(
      ({ validToDate, validFromDate }) => validToDate.getTime() <= now || validFromDate.getTime() > now,
    )
  )
    return refused('the client’s certificate is not valid at this time');
  const listed = validation.crlSecret === undefined ? undefined : secrets.get(validation.crlSecret);
  const lists = [roots.crlPem ?? '', listed?.kind === 'crl' ? listed.pem : ''].flatMap(pemRevocationLists);
  const revocations = readRevocations(lists);
  if (shown.some(({ raw }) => isRevoked(raw, revocations)))
    return refused('the client’s certificate is revoked');
  try {
    checkIdentity(identityOf(leaf.raw), validation);
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    return refused(error.message, validation.subjectAltNames.length > 0 ? 'subjectAltNames' : '');
  }
  return { verdict: 'accepted' };
}
