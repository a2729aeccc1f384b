/** The shape of the field tables in `gen/readers.js`: all that `wire.ts` knows of a message. */

export type ScalarKind =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'float'
  | 'double';

export interface FieldTable {
  readonly number: number;
  /** As in the proto: `prefix_rewrite`. */
  readonly name: string;
  /** As in our objects: `prefixRewrite`. */
  readonly key: string;
  /** `wrapper`: google.protobuf.UInt32Value and the like; `struct`: google.protobuf.Struct. */
  readonly kind: ScalarKind | 'enum' | 'message' | 'wrapper' | 'struct';
  /** The enum's or message's full name; for a wrapper the wrapped kind. */
  readonly of?: string;
  readonly label?: 'repeated' | 'packed' | 'map';
  /** Of a map's keys; `kind` is its values'. */
  readonly keyKind?: ScalarKind;
  /** Explicit presence: absent is not the same as the default value. */
  readonly optional?: true;
  /** At most one field of the same name is set. */
  readonly oneof?: string;
}

export interface MessageTable {
  readonly fields: readonly FieldTable[];
  /** Numbers of fields that may be skipped. */
  readonly ignored: readonly number[];
  /** Fields of the proto that the proxy does not know, by number. */
  readonly unsupported: Readonly<Record<number, string>>;
}

/** Value names by number. The entry 0 is the default. */
export type EnumTable = Readonly<Record<number, string>>;
