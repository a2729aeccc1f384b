import { enums, type Messages, messages } from '../gen/readers.js';
import { WireError, WireReader } from './reader.ts';
import { type Scalar, scalars } from './scalars.ts';
import { emptyStruct, readStruct } from './struct.ts';
import type { FieldTable, MessageTable, ScalarKind } from './table.ts';

export interface DecodeOptions {
  /**
   * Called for each field that is set and that we do not know, with where it stands
   * (`virtual_hosts[0].routes[1].route.cluster_header`) and what it is. Absent: such fields are skipped.
   */
  readonly unsupported?: (path: string, reason: string) => void;
}

type Plain = Record<string, unknown>;

interface Plan {
  readonly name: string;
  readonly fields: ReadonlyMap<number, FieldTable>;
  readonly ignored: ReadonlySet<number>;
  readonly unsupported: Readonly<Record<number, string>>;
  readonly empty: () => Plain;
  /** Of a field of a oneof: the keys of the others. */
  readonly rivals: ReadonlyMap<FieldTable, readonly string[]>;
}

const deepest = 64;
const plans = new Map<string, Plan>();

function planOf(name: string): Plan {
  const ready = plans.get(name);
  if (ready !== undefined) return ready;
  const table: MessageTable = messages[name as keyof Messages];
  const { fields } = table;
  const always = fields.filter((field) => field.label !== undefined || field.optional !== true);
  const lists = always.filter((field) => field.label !== undefined);
  // One shape for all messages of a kind, copied whole.
  const zero: Plain = Object.fromEntries(always.map((field) => [field.key, initial(field)]));
  const rivalsOf = ({ oneof, key }: FieldTable): string[] =>
    fields.filter((other) => other.oneof === oneof && other.key !== key).map((other) => other.key);
  const plan: Plan = {
    name,
    fields: new Map(fields.map((field) => [field.number, field])),
    ignored: new Set(table.ignored),
    unsupported: table.unsupported,
    empty: () => {
      const object = { ...zero };
      for (const { key, label } of lists) object[key] = label === 'map' ? new Map() : [];
      return object;
    },
    rivals: new Map(
      fields.filter(({ oneof }) => oneof !== undefined).map((field) => [field, rivalsOf(field)]),
    ),
  };
  plans.set(name, plan);
  return plan;
}

function initial(field: FieldTable): unknown {
  if (field.label === 'map') return new Map();
  if (field.label !== undefined) return [];
  return field.kind === 'enum' ? enums[field.of as string]?.[0] : scalars[field.kind as ScalarKind].zero;
}

/**
 * Bytes ⇒ a plain object with every field that has no presence at its default, lists and maps empty.
 * Values of type `bytes` are views of the input.
 * @throws WireError if the bytes are not such a message: cut short, wrong wire type, nested too deeply, …
 */
export function decode<N extends keyof Messages>(
  name: N,
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Messages[N] {
  const decoder = new Decoder(bytes, options.unsupported);
  const plan = planOf(name);
  return decoder.message(plan, plan.empty(), 0) as unknown as Messages[N];
}

class Decoder {
  readonly #reader: WireReader;
  readonly #unsupported: DecodeOptions['unsupported'];
  /** Where we are: field names, each position in a list after the list's name. */
  readonly #path: (string | number)[] = [];

  constructor(bytes: Uint8Array, unsupported: DecodeOptions['unsupported']) {
    this.#reader = new WireReader(bytes);
    this.#unsupported = unsupported;
  }

  message(plan: Plan, into: Plain, depth: number): Plain {
    if (depth > deepest) throw new WireError('message is nested too deeply');
    const reader = this.#reader;
    while (!reader.done) {
      const tag = reader.tag();
      const field = plan.fields.get(tag >>> 3);
      if (field === undefined) this.#unknown(plan, tag >>> 3, tag & 7);
      else this.#field(plan, field, tag & 7, into, depth);
    }
    return into;
  }

  #unknown(plan: Plan, number: number, type: number): void {
    this.#reader.skip(type);
    if (this.#unsupported === undefined || plan.ignored.has(number)) return;
    const name = plan.unsupported[number];
    const short = plan.name.replace(/^.*?([a-z_]+)\.v\d+\./, '$1.');
    this.#report(
      name ?? `#${number}`,
      `unsupported field ${short}${name === undefined ? ` number ${number}` : `.${name}`}`,
    );
  }

  #report(field: string, reason: string): void {
    this.#unsupported?.(this.#pathTo(field), reason);
  }

  /** As text: `virtual_hosts[0].routes[1].name`. */
  #pathTo(...field: readonly string[]): string {
    return [...this.#path, ...field].reduce<string>(
      (path, part) =>
        typeof part === 'number' ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`,
      '',
    );
  }

  #field(plan: Plan, field: FieldTable, type: number, into: Plain, depth: number): void {
    if (field.label === 'map') {
      this.#mapEntry(field, type, into[field.key] as Map<Scalar, unknown>, depth);
      return;
    }
    if (field.label !== undefined) {
      this.#listItem(field, type, into[field.key] as unknown[], depth);
      return;
    }
    if (field.oneof !== undefined) {
      // The last one on the wire wins.
      for (const other of plan.rivals.get(field) as readonly string[]) if (other in into) delete into[other];
    }
    this.#path.push(field.name);
    into[field.key] = this.#value(field, type, depth, into[field.key]);
    this.#path.pop();
  }

  #listItem(field: FieldTable, type: number, list: unknown[], depth: number): void {
    const packable =
      field.kind === 'enum' || (field.kind in scalars && scalars[field.kind as ScalarKind].type !== 2);
    this.#path.push(field.name, list.length);
    if (packable && type === 2) {
      const wire = field.kind === 'enum' ? 0 : scalars[field.kind as ScalarKind].type;
      const end = this.#reader.enter();
      while (!this.#reader.done) list.push(this.#value(field, wire, depth, undefined));
      this.#reader.leave(end);
    } else list.push(this.#value(field, type, depth, undefined));
    this.#path.length -= 2;
  }

  #mapEntry(field: FieldTable, type: number, map: Map<Scalar, unknown>, depth: number): void {
    if (type !== 2) throw wrongType(field);
    const codec = scalars[field.keyKind as ScalarKind];
    let key = codec.zero;
    let value: unknown;
    this.#path.push(field.name);
    const end = this.#reader.enter();
    while (!this.#reader.done) {
      const tag = this.#reader.tag();
      if (tag === ((1 << 3) | codec.type)) key = codec.read(this.#reader);
      else if (tag >>> 3 === 2) value = this.#value(field, tag & 7, depth, value);
      else throw wrongType(field);
    }
    this.#reader.leave(end);
    this.#path.pop();
    map.set(key, value ?? this.#missing(field));
  }

  /** The value of a map's entry that has none. */
  #missing(field: FieldTable): unknown {
    if (field.kind === 'message') return planOf(field.of as string).empty();
    return field.kind === 'struct' ? emptyStruct() : initial(field);
  }

  #value(field: FieldTable, type: number, depth: number, before: unknown): unknown {
    const reader = this.#reader;
    if (field.kind === 'message' || field.kind === 'struct' || field.kind === 'wrapper') {
      if (type !== 2) throw wrongType(field);
      const end = reader.enter();
      const value = this.#nested(field, depth, before);
      reader.leave(end);
      return value;
    }
    if (field.kind === 'enum') {
      if (type !== 0) throw wrongType(field);
      return this.#enum(field, reader.int32());
    }
    const codec = scalars[field.kind];
    if (type !== codec.type) throw wrongType(field);
    return codec.read(reader);
  }

  /** What has been entered, into what an earlier part of it became. */
  #nested(field: FieldTable, depth: number, before: unknown): unknown {
    if (field.kind === 'wrapper') return this.#wrapped(field, before);
    if (field.kind === 'struct')
      return readStruct(this.#reader, (before as ReturnType<typeof emptyStruct>) ?? emptyStruct(), depth + 1);
    const plan = planOf(field.of as string);
    return this.message(plan, (before as Plain) ?? plan.empty(), depth + 1);
  }

  #wrapped(field: FieldTable, before: unknown): unknown {
    const codec = scalars[field.of as ScalarKind];
    let value = before ?? codec.zero;
    while (!this.#reader.done) {
      if (this.#reader.tag() !== ((1 << 3) | codec.type)) throw wrongType(field);
      value = codec.read(this.#reader);
    }
    return value;
  }

  /** A number without a name is reported, or read as the default where that is not asked for. */
  #enum(field: FieldTable, number: number): string {
    const table = enums[field.of as string] ?? {};
    const name = table[number];
    if (name !== undefined) return name;
    this.#unsupported?.(this.#pathTo(), `unknown value ${number} of ${field.of}`);
    return table[0] as string;
  }
}

const wrongType = (field: FieldTable): WireError =>
  new WireError(`field ${field.name} has the wrong wire type`);
