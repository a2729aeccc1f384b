import { elements } from './der.ts';

const OCTET_STRING = 0x04;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const BOOLEAN = 0x01;
const EXTENSIONS = 0xa3;

/** Extensions of a certificate (RFC 5280 section 4.2) by the hex of their OID's DER. */
export type Extensions = ReadonlyMap<string, Buffer>;

const basicConstraints = '551d13';
const keyUsage = '551d0f';

/**
 * @param certificate DER that OpenSSL has accepted
 * @throws RangeError for DER that does not parse, or an extension that comes twice
 */
export function readExtensions(certificate: Buffer): Extensions {
  const [whole] = elements(certificate);
  const [tbs] = whole === undefined ? [] : elements(whole.content);
  if (tbs === undefined) throw new RangeError('not a certificate');
  const wrapper = elements(tbs.content).find((element) => element.tag === EXTENSIONS);
  const [list] = wrapper === undefined ? [] : elements(wrapper.content);
  const found = new Map<string, Buffer>();
  for (const extension of list === undefined ? [] : elements(list.content)) {
    const [id, ...rest] = elements(extension.content);
    const value = rest.find((element) => element.tag !== BOOLEAN);
    if (id?.tag !== OBJECT_IDENTIFIER || value?.tag !== OCTET_STRING) throw new RangeError('extension');
    const name = id.content.toString('hex');
    if (found.has(name)) throw new RangeError(`extension ${name} twice`);
    found.set(name, value.content);
  }
  return found;
}

/** Bits of the first octet of KeyUsage: keyCertSign (5) and cRLSign (6), counted from the left. */
const signsCertificates = 0b0000_0110;

/** Whether a certificate may sign others (sections 4.2.1.3 and 4.2.1.9). @throws RangeError as above */
export function isAuthority(extensions: Extensions): boolean {
  const [constraints] = elements(extensions.get(basicConstraints) ?? Buffer.alloc(0));
  const [ca] = constraints === undefined ? [] : elements(constraints.content);
  if (ca?.tag === BOOLEAN && ca.content[0] !== 0) return true;
  const [usage] = elements(extensions.get(keyUsage) ?? Buffer.alloc(0));
  // The octet before says how many bits are unused.
  return usage?.tag === BIT_STRING && ((usage.content[1] ?? 0) & signsCertificates) !== 0;
}
