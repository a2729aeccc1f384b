import type { WireReader } from './reader.ts';
import type { ScalarKind } from './table.ts';
import type { WireWriter } from './writer.ts';

export type Scalar = string | number | boolean | Uint8Array;

interface ScalarCodec {
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly type: 0 | 1 | 2 | 5;
  readonly read: (reader: WireReader) => Scalar;
  readonly write: (writer: WireWriter, value: never) => void;
  readonly zero: Scalar;
}

/** How each scalar kind is read and written, and its default. */
export const scalars: Readonly<Record<ScalarKind, ScalarCodec>> = {
  string: { type: 2, read: (r) => r.string(), write: (w, v: string) => w.string(v), zero: '' },
  bytes: { type: 2, read: (r) => r.bytes(), write: (w, v: Uint8Array) => w.bytes(v), zero: new Uint8Array() },
  bool: { type: 0, read: (r) => r.bool(), write: (w, v: boolean) => w.uint64(v ? 1 : 0), zero: false },
  int32: { type: 0, read: (r) => r.int32(), write: (w, v: number) => w.int64(v), zero: 0 },
  uint32: { type: 0, read: (r) => r.uint32(), write: (w, v: number) => w.uint64(v), zero: 0 },
  int64: { type: 0, read: (r) => r.int64(), write: (w, v: number) => w.int64(v), zero: 0 },
  uint64: { type: 0, read: (r) => r.uint64(), write: (w, v: number) => w.uint64(v), zero: 0 },
  sint32: { type: 0, read: (r) => r.sint32(), write: (w, v: number) => w.sint32(v), zero: 0 },
  sint64: { type: 0, read: (r) => r.sint64(), write: (w, v: number) => w.sint64(v), zero: 0 },
  fixed32: { type: 5, read: (r) => r.fixed32(), write: (w, v: number) => w.fixed32(v), zero: 0 },
  sfixed32: { type: 5, read: (r) => r.sfixed32(), write: (w, v: number) => w.fixed32(v), zero: 0 },
  fixed64: { type: 1, read: (r) => r.fixed64(), write: (w, v: number) => w.fixed64(v), zero: 0 },
  sfixed64: { type: 1, read: (r) => r.sfixed64(), write: (w, v: number) => w.fixed64(v), zero: 0 },
  float: { type: 5, read: (r) => r.float(), write: (w, v: number) => w.float(v), zero: 0 },
  double: { type: 1, read: (r) => r.double(), write: (w, v: number) => w.double(v), zero: 0 },
};
