/**
 * DNS messages as far as a stub's server needs them: one question read, one response written. Everything that comes
 * from a peer is bounded by the message itself: names are read once, forwards only, without compression (a
 * question's name has nothing before it to point to).
 */

/** RFC 1035 section 3.2.2, RFC 3596. */
export const recordType = { A: 1, AAAA: 28, OPT: 41 } as const;
const classIN = 1;

/** RFC 1035 section 4.1.1, RFC 6891 section 6.1.3. */
export const rcode = {
  ok: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;
export type Rcode = (typeof rcode)[keyof typeof rcode];

/** What a server may send over UDP unless the client says more (RFC 1035 section 4.2.1). */
const plainUdpBytes = 512;
/** The UDP size that we accept and send at most: fits any path unfragmented (DNS flag day 2020). */
const maxUdpBytes = 1232;
const headerBytes = 12;
const maxNameBytes = 255;

export interface Question {
  readonly id: number;
  /** Lower case, without the final dot; the root is empty. */
  readonly name: string;
  readonly type: number;
  readonly recursionDesired: boolean;
  /** The question section as it was asked, letter case included: a response repeats it. */
  readonly section: Buffer;
  /** The client speaks EDNS. */
  readonly edns: boolean;
  /** What the client takes over UDP. */
  readonly udpBytes: number;
}

/** Why a message is no question that can be answered; `undefined` as code: it deserves no answer at all. */
export interface BadQuestion {
  readonly id: number;
  readonly code: Rcode | undefined;
}

export const isBad = (question: Question | BadQuestion): question is BadQuestion => 'code' in question;

/** The one question of a query (RFC 1035 section 4.1); an OPT record says how much the client takes (RFC 6891). */
export function readQuestion(message: Buffer): Question | BadQuestion {
  if (message.length < headerBytes) return { id: 0, code: undefined };
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  // A response would be answered for ever.
  if ((flags & 0x8000) !== 0) return { id, code: undefined };
  if ((flags & 0x7800) !== 0) return { id, code: rcode.notImplemented };
  if (message.readUInt16BE(4) !== 1) return { id, code: rcode.formatError };
  const name = readName(message, headerBytes);
  if (name === undefined || name.end + 4 > message.length) return { id, code: rcode.formatError };
  const end = name.end + 4;
  if (message.readUInt16BE(name.end + 2) !== classIN) return { id, code: rcode.refused };
  const option = findOption(message, end);
  if (option === 'malformed') return { id, code: rcode.formatError };
  return {
    id,
    name: name.text,
    type: message.readUInt16BE(name.end),
    recursionDesired: (flags & 0x0100) !== 0,
    section: Buffer.from(message.subarray(headerBytes, end)),
    edns: option !== undefined,
    udpBytes: Math.min(maxUdpBytes, Math.max(plainUdpBytes, option ?? 0)),
  };
}

/** A name at `at`, and where it ends. Undefined: cut off, too long, or compressed. */
function readName(message: Buffer, at: number): { readonly text: string; readonly end: number } | undefined {
  let text = '';
  let here = at;
  for (;;) {
    const length = message[here];
    if (length === undefined || length > 63 || here + length - at >= maxNameBytes) return undefined;
    here++;
    if (length === 0) return { text, end: here };
    if (here + length > message.length) return undefined;
    if (text !== '') text += '.';
    text += message.toString('latin1', here, here + length).toLowerCase();
    here += length;
  }
}

/** The UDP size of the OPT record among what follows the question (RFC 6891 section 6.1.2); undefined: there is none. */
function findOption(message: Buffer, from: number): number | 'malformed' | undefined {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  let at = from;
  let size: number | undefined;
  for (let record = 0; record < records; record++) {
    const end = skipName(message, at);
    if (end === undefined || end + 10 > message.length) return 'malformed';
    if (message.readUInt16BE(end) === recordType.OPT) size = message.readUInt16BE(end + 2);
    at = end + 10 + message.readUInt16BE(end + 8);
    if (at > message.length) return 'malformed';
  }
  return size;
}

/** Where a name ends that may be compressed; it is not followed. */
function skipName(message: Buffer, at: number): number | undefined {
  for (let here = at; here - at < maxNameBytes; ) {
    const length = message[here];
    if (length === undefined) return undefined;
    if (length === 0) return here + 1;
    if ((length & 0xc0) === 0xc0) return here + 2;
    if (length > 63) return undefined;
    here += 1 + length;
  }
  return undefined;
}

export interface Reply {
  readonly code: Rcode;
  /** Addresses of the question's own type. */
  readonly addresses: readonly Buffer[];
  readonly ttlSeconds: number;
}

/** @param limit bytes; what does not fit is left out, and the response says so (TC) */
export function writeReply(
  question: Question,
  { code, addresses, ttlSeconds }: Reply,
  limit: number,
): Buffer {
  const option = question.edns ? optionRecord : empty;
  const room = limit - headerBytes - question.section.length - option.length;
  const records: Buffer[] = [];
  let used = 0;
  for (const address of addresses) {
    const record = addressRecord(question.type, ttlSeconds, address);
    if (used + record.length > room) break;
    used += record.length;
    records.push(record);
  }
  const isCut = records.length < addresses.length;
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  // QR, AA, RA; TC and RD as they are.
  header.writeUInt16BE(0x8480 | (isCut ? 0x0200 : 0) | (question.recursionDesired ? 0x0100 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt16BE(question.edns ? 1 : 0, 10);
  return Buffer.concat([header, question.section, ...records, option]);
}

/** The response to what could not be read: its id and why, nothing else. */
export function writeFailure({ id }: BadQuestion, code: Rcode): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x8080 | code, 2);
  return header;
}

const empty = Buffer.alloc(0);
/** Root name, OPT, our UDP size, no extended code, version 0, no flags, no data. */
const optionRecord = Buffer.from([
  0,
  0,
  recordType.OPT,
  maxUdpBytes >> 8,
  maxUdpBytes & 255,
  0,
  0,
  0,
  0,
  0,
  0,
]);

/** The owner is a pointer to the question's name, which stands right after the header. */
function addressRecord(type: number, ttlSeconds: number, address: Buffer): Buffer {
  const record = Buffer.alloc(12 + address.length);
  record.writeUInt16BE(0xc000 | headerBytes, 0);
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(classIN, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(address.length, 10);
  address.copy(record, 12);
  return record;
}

/** Whether `response` can be the answer to `query`: a response, of its id, to the same question (RFC 5452 section 9.1). */
export function answers(response: Buffer, query: Buffer, section: Buffer): boolean {
  return (
    response.length >= headerBytes + section.length &&
    response.readUInt16BE(0) === query.readUInt16BE(0) &&
    (response.readUInt16BE(2) & 0xf800) === 0x8000 &&
    response.readUInt16BE(4) === 1 &&
    response.subarray(headerBytes, headerBytes + section.length).equals(section)
  );
}
