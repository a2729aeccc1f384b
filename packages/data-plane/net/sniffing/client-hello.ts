/**
 * Reads the first message of a TLS client (RFC 8446 section 4.1.2), to choose a filter chain before TLS
 * starts. What is read here is believed by nobody: the handshake itself reads it again.
 */
export interface ClientHello {
  /** Lower case; empty without SNI (RFC 6066 section 3). */
  readonly serverName: string;
  /** ALPN (RFC 7301), in the client's order. */
  readonly protocols: readonly string[];
}

export type HelloResult = ClientHello | 'more' | 'invalid';

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const PROTOCOLS = 16;
/** As Envoy's; real ones, with post-quantum key shares, are below 4 KiB. */
const mostBytes = 16 * 1024;
/** Real ones come in one or two. Each is looked at again with every piece that arrives. */
const mostRecords = 64;

/** @param bytes what the client has sent so far */
export function readClientHello(bytes: Buffer): HelloResult {
  const message = handshakeMessage(bytes);
  if (!(message instanceof Cursor)) return message;
  try {
    return parseHello(message);
  } catch (error) {
    if (error instanceof RangeError) return 'invalid';
    throw error;
  }
}

/** The body of the first handshake message, which may be spread over records. */
function handshakeMessage(bytes: Buffer): Cursor | 'more' | 'invalid' {
  let message: Buffer = nothing;
  for (let at = 0, records = 0; ; records++) {
    if (message.length >= 4) {
      const needed = 4 + message.readUIntBE(1, 3);
      if (needed > mostBytes) return 'invalid';
      if (message.length >= needed) return new Cursor(message.subarray(4, needed));
    }
    if (bytes.length > at && bytes[at] !== HANDSHAKE) return 'invalid';
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return 'invalid';
    if (bytes.length < at + 5) return 'more';
    if (records === mostRecords) return 'invalid';
    const length = bytes.readUInt16BE(at + 3);
    // An empty record would let a client send records for ever.
    if (length === 0 || length > 16_384) return 'invalid';
    at += 5;
    const record = bytes.subarray(at, at + length);
    message = message.length === 0 ? record : Buffer.concat([message, record]);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return 'invalid';
    at += length;
  }
}

const nothing = Buffer.alloc(0);

function parseHello(hello: Cursor): ClientHello {
  hello.skip(2 + 32);
  hello.skip(hello.uint8());
  hello.skip(hello.uint16());
  hello.skip(hello.uint8());
  let serverName = '';
  let protocols: string[] = [];
  if (hello.left > 0) {
    const extensions = hello.take(hello.uint16());
    while (extensions.left > 0) {
      const type = extensions.uint16();
      const content = extensions.take(extensions.uint16());
      if (type === SERVER_NAME) serverName = parseServerName(content);
      else if (type === PROTOCOLS) protocols = parseProtocols(content);
    }
  }
  return { serverName, protocols };
}

function parseServerName(content: Cursor): string {
  const list = content.take(content.uint16());
  const hostName = list.uint8() === 0;
  const name = list.take(list.uint16()).text();
  if (!hostName || !/^[\x21-\x7e]{1,255}$/.test(name)) throw new RangeError('server name');
  return name.toLowerCase();
}

function parseProtocols(content: Cursor): string[] {
  const list = content.take(content.uint16());
  const protocols: string[] = [];
  while (list.left > 0) protocols.push(list.take(list.uint8()).text());
  return protocols;
}

/** Reads forward; throws RangeError past the end. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  skip(length: number): void {
    this.#advance(length);
  }

  take(length: number): Cursor {
    const from = this.#advance(length);
    return new Cursor(this.#bytes.subarray(from, from + length));
  }

  text(): string {
    return this.#bytes.toString('latin1', this.#at);
  }

  #advance(length: number): number {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new RangeError('past the end');
    this.#at = from + length;
    return from;
  }
}
