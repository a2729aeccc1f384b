/** A reply of RESP2; an error is a value here, since one command's does not concern the others of its pipeline. */
export type Reply = string | number | null | RespError | readonly Reply[];

/** What the server says is wrong with a command. */
export class RespError extends Error {}

const longestReply = 1024 * 1024;

/** Cuts a byte stream into replies (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export class RespParser {
  #bytes: Buffer = Buffer.alloc(0);

  /** @throws Error for what is no RESP2 */
  push(chunk: Buffer, onReply: (reply: Reply) => void): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (let found = read(this.#bytes, 0); found !== undefined; found = read(this.#bytes, 0)) {
      this.#bytes = this.#bytes.subarray(found.next);
      onReply(found.reply);
    }
    if (this.#bytes.length > longestReply) throw new Error('a reply is too long');
  }
}

interface Found {
  readonly reply: Reply;
  readonly next: number;
}

/** Undefined: it has not come whole. */
function read(bytes: Buffer, at: number): Found | undefined {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return undefined;
  const text = bytes.toString('utf8', at + 1, end);
  const next = end + 2;
  switch (bytes[at]) {
    case 0x2b: // +
      return { reply: text, next };
    case 0x2d: // -
      return { reply: new RespError(text), next };
    case 0x3a: // :
      return { reply: integer(text), next };
    case 0x24: // $
      return readBulk(bytes, next, integer(text));
    case 0x2a: // *
      return readArray(bytes, next, integer(text));
    default:
      throw new Error('the server does not speak RESP2');
  }
}

function integer(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw new Error('the server does not speak RESP2: a number is none');
  return Number(text);
}

function readBulk(bytes: Buffer, at: number, length: number): Found | undefined {
  if (length < 0) return { reply: null, next: at };
  if (length > longestReply) throw new Error('a reply is too long');
  const next = at + length + 2;
  return next > bytes.length ? undefined : { reply: bytes.toString('utf8', at, at + length), next };
}

function readArray(bytes: Buffer, at: number, length: number): Found | undefined {
  if (length < 0) return { reply: null, next: at };
  const items: Reply[] = [];
  let next = at;
  for (let count = 0; count < length; count++) {
    const item = read(bytes, next);
    if (item === undefined) return undefined;
    items.push(item.reply);
    next = item.next;
  }
  return { reply: items, next };
}
