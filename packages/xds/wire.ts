/** Bytes ⇔ plain objects for the messages of `proxy-messages.ts`, without a protobuf runtime. */
export type * from './gen/readers.js';
export { type DecodeOptions, decode } from './wire/decode.ts';
export { type Draft, encode } from './wire/encode.ts';
export { WireError } from './wire/reader.ts';
