/**
 * The Subject Alternative Names of a certificate (RFC 5280 section 4.2.1.6), read from its DER. Node's
 * `subjectaltname` text has been ambiguous before (CVE-2021-44532): a name may contain what looks like the
 * start of another.
 */
export interface SubjectAltNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
}

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const BOOLEAN = 0x01;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const URI = 0x86;
const subjectAltName = Buffer.from([0x55, 0x1d, 0x11]);

const none: SubjectAltNames = { uris: [], dnsNames: [] };

/**
 * @param certificate DER that OpenSSL has accepted
 * @throws RangeError for DER that does not parse, or a name with anything but printable ASCII
 */
export function readSubjectAltNames(certificate: Buffer): SubjectAltNames {
  const [whole] = elements(certificate);
  const [tbs] = whole === undefined ? [] : elements(whole.content);
  if (tbs === undefined) throw new RangeError('not a certificate');
  const wrapper = elements(tbs.content).find((element) => element.tag === EXTENSIONS);
  if (wrapper === undefined) return none;
  let found: SubjectAltNames | undefined;
  const [list] = elements(wrapper.content);
  for (const extension of list === undefined ? [] : elements(list.content)) {
    const [id, ...rest] = elements(extension.content);
    if (id?.tag !== OBJECT_IDENTIFIER || !id.content.equals(subjectAltName)) continue;
    const value = rest.find((element) => element.tag !== BOOLEAN);
    if (value?.tag !== OCTET_STRING || found !== undefined) throw new RangeError('subjectAltName');
    found = readNames(value.content);
  }
  return found ?? none;
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

interface Element {
  readonly tag: number;
  readonly content: Buffer;
}

/** The elements that `bytes` is made of (X.690, definite lengths of at most 32 bits). */
function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes.readUInt8(at++);
    if ((tag & 0x1f) === 0x1f) throw new RangeError('long tag');
    let length = bytes.readUInt8(at++);
    if (length > 0x84 || length === 0x80) throw new RangeError('length');
    if (length > 0x80) {
      const octets = length - 0x80;
      length = bytes.readUIntBE(at, octets);
      at += octets;
    }
    if (at + length > bytes.length) throw new RangeError('past the end');
    found.push({ tag, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}
