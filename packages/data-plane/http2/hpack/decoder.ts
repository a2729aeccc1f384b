import { VALUE } from '../../http1/bytes.ts';
import { Http2Error } from '../protocol-error.ts';
import { DynamicTable } from './dynamic-table.ts';
import { Field, type FieldName, internFieldName } from './field.ts';
import { huffmanDecode } from './huffman.ts';
import { Cursor, readInteger } from './integer.ts';
import { firstDynamicIndex, staticTable } from './static-table.ts';

/** Takes the fields of a block, in order. */
export interface FieldSink {
  /** @param neverIndexed it may not enter a table on its further way either (RFC 7541 section 6.2.3) */
  add(field: Field, neverIndexed: boolean): void;
  /** Nobody wants more: the block is decoded for the table's sake only. */
  readonly full: boolean;
}

/** Decoded strings; grows to the longest block, and is shared as decoding is synchronous. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** The table size that a peer's encoder may use; the default, which we never change. */
export const tableSize = 4096;

/** One direction's header compression, receiving end (RFC 7541). */
export class HpackDecoder {
  readonly table = new DynamicTable(tableSize);
  readonly #cursor = new Cursor();
  #valid = true;
  /** Of the last block: it referred to the dynamic table; it changed the table's size. */
  usedDynamic = false;
  resized = false;
  /** When set, collects what the last block inserted. */
  inserted: Field[] | undefined = undefined;

  /** @throws Http2Error `bad-header-block`: the connection's compression state is lost */
  decode(bytes: Buffer, from: number, to: number, sink: FieldSink): void {
    const cursor = this.#cursor;
    cursor.bytes = bytes;
    cursor.at = from;
    cursor.to = to;
    this.usedDynamic = false;
    this.resized = false;
    let fields = 0;
    while (cursor.at < to) {
      const octet = bytes[cursor.at] as number;
      if (octet >= 0x80) sink.add(this.#field(readInteger(cursor, 0x7f)), false);
      else if (octet >= 0x40) {
        const field = this.#literal(0x3f);
        this.#insert(field);
        sink.add(field, false);
      } else if (octet >= 0x20) {
        if (fields > 0) throw new Http2Error('bad-header-block');
        this.#resize(readInteger(cursor, 0x1f));
        continue;
      } else if (sink.full) this.#skipLiteral();
      else {
        const never = (octet & 0x10) !== 0;
        sink.add(this.#literal(0x0f), never);
      }
      fields++;
    }
  }

  /** As if the last block had inserted `fields` again. */
  replay(fields: readonly Field[]): void {
    for (let at = 0; at < fields.length; at++) this.table.insert(fields[at] as Field);
  }

  #field(index: number): Field {
    let field: Field | undefined;
    if (index < firstDynamicIndex) field = staticTable[index];
    else {
      this.usedDynamic = true;
      field = this.table.get(index - firstDynamicIndex);
    }
    if (field === undefined) throw new Http2Error('bad-header-block');
    return field;
  }

  #insert(field: Field): void {
    this.inserted?.push(field);
    this.table.insert(field);
  }

  #resize(size: number): void {
    if (size > tableSize) throw new Http2Error('bad-header-block');
    this.resized = true;
    this.table.resize(size);
  }

  #literal(mask: number): Field {
    const index = readInteger(this.#cursor, mask);
    let name: FieldName;
    if (index === 0) {
      const length = this.#string();
      name = internFieldName(scratch, 0, length);
    } else name = this.#field(index).name;
    const length = this.#string();
    const value = this.#text(length);
    return new Field(name, value, this.#valid);
  }

  #skipLiteral(): void {
    if (readInteger(this.#cursor, 0x0f) === 0) this.#skipString();
    this.#skipString();
  }

  #skipString(): void {
    const cursor = this.#cursor;
    const length = readInteger(cursor, 0x7f);
    cursor.at += length;
    if (cursor.at > cursor.to) throw new Http2Error('bad-header-block');
  }

  /** Puts a string's octets into `scratch`; returns how many. */
  #string(): number {
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const huffman = cursor.at < cursor.to && (bytes[cursor.at] as number) >= 0x80;
    const length = readInteger(cursor, 0x7f);
    const from = cursor.at;
    const to = from + length;
    if (to > cursor.to) throw new Http2Error('bad-header-block');
    cursor.at = to;
    // No code is shorter than five bits.
    if (length * 2 > scratch.length) scratch = Buffer.allocUnsafeSlow(length * 2);
    if (huffman) return huffmanDecode(bytes, from, to, scratch);
    for (let at = 0; at < length; at++) scratch[at] = bytes[from + at] as number;
    return length;
  }

  /** The octets in `scratch` as latin1, and whether they may be in a field value. */
  #text(length: number): string {
    let valid = 1;
    for (let at = 0; at < length; at++) valid &= VALUE[scratch[at] as number] as number;
    if (length > 0) {
      // White space around a value is for HTTP/1 only (RFC 9113 section 8.2.1).
      if ((scratch[0] as number) <= 0x20 || (scratch[length - 1] as number) <= 0x20) valid = 0;
    }
    this.#valid = valid === 1;
    return length === 0 ? '' : scratch.toString('latin1', 0, length);
  }
}
