import { elements } from './der.ts';

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const VERSION = 0xa0;

/** Serial numbers that authorities have taken back, by the authority's name: both the hex of their DER. */
export type Revocations = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What lists of revoked certificates say (RFC 5280 section 5.1). Neither their signatures nor their dates are looked
 * at: OpenSSL does that where it verifies, this only finds those that it would no longer accept.
 *
 * @param lists each the PEM of one
 * @throws RangeError for DER that does not parse
 */
export function readRevocations(lists: readonly string[]): Revocations {
  const found = new Map<string, Set<string>>();
  for (const pem of lists) {
    const [whole] = elements(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
    const [list] = whole === undefined ? [] : elements(whole.content);
    const fields = list === undefined ? [] : elements(list.content);
    if (fields[0]?.tag === INTEGER) fields.shift();
    const [, issuer, , ...rest] = fields;
    if (issuer?.tag !== SEQUENCE) throw new RangeError('not a revocation list');
    const name = issuer.content.toString('hex');
    const serials = found.get(name) ?? new Set();
    found.set(name, serials);
    // Dates before it, extensions behind it; absent where nothing is revoked.
    const revoked = rest.find(({ tag }) => tag === SEQUENCE);
    for (const entry of revoked === undefined ? [] : elements(revoked.content)) {
      const [serial] = elements(entry.content);
      if (serial?.tag === INTEGER) serials.add(serial.content.toString('hex'));
    }
  }
  return found;
}

/** @param certificate DER that OpenSSL has accepted */
export function isRevoked(certificate: Buffer, revocations: Revocations): boolean {
  const [whole] = elements(certificate);
  const [tbs] = whole === undefined ? [] : elements(whole.content);
  const fields = tbs === undefined ? [] : elements(tbs.content);
  if (fields[0]?.tag === VERSION) fields.shift();
  const [serial, , issuer] = fields;
  if (serial === undefined || issuer === undefined) return false;
  return revocations.get(issuer.content.toString('hex'))?.has(serial.content.toString('hex')) === true;
}
