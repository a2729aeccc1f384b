import type { HpackDecoder } from './decoder.ts';
import type { Field } from './field.ts';

interface Memo<Block> {
  readonly hash: number;
  readonly bytes: Buffer;
  readonly block: Block;
  /** What decoding it inserts into the table: done again each time. */
  readonly inserted: readonly Field[];
  /** It refers to the dynamic table: good only while that is as it was. */
  readonly dynamic: boolean;
  readonly generation: number;
}

const places = 32;
const longest = 1024;

/**
 * Remembers decoded blocks by their octets: clients repeat themselves. A block gets in when it is seen for
 * the second time, so that distinct ones push nothing out; at most 32 per connection, 1 KiB each.
 *
 * A block without dynamic references means the same whatever the table holds. One with them is kept only if
 * it inserts nothing, and is good until the table changes.
 */
export class BlockMemo<Block> {
  readonly #decoder: HpackDecoder;
  readonly #decode: (bytes: Buffer, from: number, to: number) => Block;
  #memos: (Memo<Block> | undefined)[] | undefined = undefined;
  #sights: Int32Array | undefined = undefined;
  /** Blocks that needed no decoding. */
  hits = 0;

  /** @param decode by `decoder`; the result is shared, so it must not be changed afterwards */
  constructor(decoder: HpackDecoder, decode: (bytes: Buffer, from: number, to: number) => Block) {
    this.#decoder = decoder;
    this.#decode = decode;
  }

  read(bytes: Buffer, from: number, to: number): Block {
    if (to - from > longest) return this.#decode(bytes, from, to);
    const hash = hashOf(bytes, from, to);
    const place = (hash ^ (hash >>> 16)) & (places - 1);
    const memo = this.#memos?.[place];
    if (memo !== undefined && memo.hash === hash && this.#holds(memo, bytes, from, to)) {
      this.hits++;
      if (memo.inserted.length > 0) this.#decoder.replay(memo.inserted);
      return memo.block;
    }
    this.#sights ??= new Int32Array(places);
    if (this.#sights[place] !== hash) {
      this.#sights[place] = hash;
      return this.#decode(bytes, from, to);
    }
    return this.#admit(place, hash, bytes, from, to);
  }

  #holds(memo: Memo<Block>, bytes: Buffer, from: number, to: number): boolean {
    const known = memo.bytes;
    if (known.length !== to - from) return false;
    if (memo.dynamic && memo.generation !== this.#decoder.table.generation) return false;
    for (let at = 0; at < known.length; at++) if (known[at] !== bytes[from + at]) return false;
    return true;
  }

  #admit(place: number, hash: number, bytes: Buffer, from: number, to: number): Block {
    const decoder = this.#decoder;
    const inserted: Field[] = [];
    decoder.inserted = inserted;
    const block = this.#decode(bytes, from, to);
    decoder.inserted = undefined;
    const dynamic = decoder.usedDynamic;
    if (!decoder.resized && !(dynamic && inserted.length > 0)) {
      this.#memos ??= new Array(places).fill(undefined);
      this.#memos[place] = {
        hash,
        bytes: Buffer.from(bytes.subarray(from, to)),
        block,
        inserted,
        dynamic,
        generation: decoder.table.generation,
      };
    }
    return block;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash | 0;
}
