import {
  Flag,
  FrameType,
  frameHeaderBytes,
  readUint24,
  readUint31,
  writeFrameHeader,
} from '../frames/frame.ts';
import { type FieldSink, HpackDecoder } from '../hpack/decoder.ts';
import type { Field } from '../hpack/field.ts';

/** Frames by hand, for peers that a test plays. */
export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const out = Buffer.alloc(frameHeaderBytes + payload.length);
  out.set(payload, writeFrameHeader(out, 0, payload.length, type, flags, id));
  return out;
}

export function word(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}

export function settings(...values: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(values.length * 6);
  values.forEach(([id, value], index) => {
    payload.writeUInt16BE(id, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return frame(FrameType.Settings, 0, 0, payload);
}

export const settingsAck: Buffer = frame(FrameType.Settings, Flag.Ack, 0);

/** A block of literals that touch no table; `never` marks all as never indexed. */
export function block(fields: readonly (readonly [name: string, value: string])[], never = false): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    parts.push(Buffer.from([never ? 0x10 : 0]), text(name), text(value));
  }
  return Buffer.concat(parts);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const { length } = bytes;
  if (length < 127) return Buffer.concat([Buffer.from([length]), bytes]);
  const rest: number[] = [];
  let left = length - 127;
  for (; left > 127; left >>>= 7) rest.push((left & 127) | 128);
  return Buffer.concat([Buffer.from([127, ...rest, left]), bytes]);
}

export type Fields = readonly (readonly [name: string, value: string])[];

export const get: Fields = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/p'],
  [':authority', 'a:80'],
];

export const post: Fields = [[':method', 'POST'], ...get.slice(1)];

/** HEADERS that are a whole block. */
export function headers(id: number, fields: Fields, end: boolean): Buffer {
  return frame(FrameType.Headers, Flag.EndHeaders | (end ? Flag.EndStream : 0), id, block(fields));
}

export function data(id: number, content: string, end: boolean): Buffer {
  return frame(FrameType.Data, end ? Flag.EndStream : 0, id, Buffer.from(content, 'latin1'));
}

export function rst(id: number, code: number): Buffer {
  return frame(FrameType.RstStream, 0, id, word(code));
}

export function windowUpdate(id: number, increment: number): Buffer {
  return frame(FrameType.WindowUpdate, 0, id, word(increment));
}

export function goaway(lastId: number, code: number): Buffer {
  return frame(FrameType.Goaway, 0, 0, Buffer.concat([word(lastId), word(code)]));
}

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** The whole frames in `bytes`. */
export function parseFrames(bytes: Buffer): SeenFrame[] {
  const frames: SeenFrame[] = [];
  for (let at = 0; at + frameHeaderBytes <= bytes.length; ) {
    const length = readUint24(bytes, at);
    const from = at + frameHeaderBytes;
    frames.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      id: readUint31(bytes, at + 5),
      payload: bytes.subarray(from, from + length),
    });
    at = from + length;
  }
  return frames;
}

const typeNames = Object.keys(FrameType);

/** Frames in words, header blocks decoded: `HEADERS 1 end :status=200 …`. One per connection and direction. */
export class FrameNarrator {
  readonly #decoder = new HpackDecoder();

  tell(bytes: Buffer): string[] {
    return parseFrames(bytes).map((seen) => this.#line(seen));
  }

  #line({ type, flags, id, payload }: SeenFrame): string {
    const end = (flags & Flag.EndStream) !== 0 ? ' end' : '';
    switch (type) {
      case FrameType.Headers:
        return `HEADERS ${id}${end} ${this.#fields(payload)}`;
      case FrameType.Data:
        return `DATA ${id}${end} ${payload.length > 40 ? payload.length : payload.toString('latin1')}`.trim();
      case FrameType.RstStream:
        return `RST_STREAM ${id} ${payload.readUInt32BE()}`;
      case FrameType.Goaway:
        return `GOAWAY ${payload.readUInt32BE()} ${payload.readUInt32BE(4)}`;
      case FrameType.WindowUpdate:
        return `WINDOW_UPDATE ${id} ${payload.readUInt32BE()}`;
      case FrameType.Settings:
      case FrameType.Ping:
        return `${(typeNames[type] as string).toUpperCase()}${(flags & Flag.Ack) !== 0 ? ' ack' : ''}`;
      default:
        return `${(typeNames[type] ?? 'unknown').toUpperCase()} ${id}`;
    }
  }

  #fields(payload: Buffer): string {
    const seen: string[] = [];
    const sink: FieldSink = {
      full: false,
      add: (field: Field) => seen.push(`${field.name.text}=${field.value}`),
    };
    this.#decoder.decode(payload, 0, payload.length, sink);
    return seen.join(' ');
  }
}
