import { elements } from './der.ts';
import { type Extensions, readExtensions } from './extensions.ts';

/**
 * The Subject Alternative Names of a certificate (RFC 5280 section 4.2.1.6), read from its DER. Node's
 * `subjectaltname` text has been ambiguous before (CVE-2021-44532): a name may contain what looks like the
 * start of another.
 */
export interface SubjectAltNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
}

/** The OID's DER. */
const subjectAltName = '551d11';
const SEQUENCE = 0x30;
const DNS_NAME = 0x82;
const URI = 0x86;

/**
 * @param certificate DER that OpenSSL has accepted
 * @throws RangeError for DER that does not parse, or a name with anything but printable ASCII
 */
export const readSubjectAltNames = (certificate: Buffer): SubjectAltNames =>
  subjectAltNamesIn(readExtensions(certificate));

/** @throws RangeError as above */
export function subjectAltNamesIn(extensions: Extensions): SubjectAltNames {
  const extension = extensions.get(subjectAltName);
  return extension === undefined ? { uris: [], dnsNames: [] } : readNames(extension);
}

function readNames(value: Buffer): SubjectAltNames {
  const [names] = elements(value);
  if (names?.tag !== SEQUENCE) throw new RangeError('GeneralNames');
  const uris: string[] = [];
  const dnsNames: string[] = [];
  for (const name of elements(names.content)) {
    if (name.tag !== URI && name.tag !== DNS_NAME) continue;
    const text = name.content.toString('latin1');
    if (!/^[\x21-\x7e]+$/.test(text)) throw new RangeError('name');
    (name.tag === URI ? uris : dnsNames).push(text);
  }
  return { uris, dnsNames };
}
