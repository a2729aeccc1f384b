/** What both engines' libraries, OpenSSL and BoringSSL, have. */

export const ecdhCurves: ReadonlySet<string> = new Set([
  'P-256',
  'P-384',
  'P-521',
  'X25519',
  'X25519MLKEM768',
]);

/** Suites below TLS 1.3, by OpenSSL's names. */
export const cipherSuites: ReadonlySet<string> = new Set([
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
]);

export const isKnownCurve = (name: string): boolean => ecdhCurves.has(name);
/** Also of several that count the same: `[A|B]` (BoringSSL). */
export const isKnownSuite = (name: string): boolean =>
  name
    .replace(/^\[(.*)\]$/, '$1')
    .split('|')
    .every((one) => cipherSuites.has(one));
