import type { Headers } from '@tulle/decision/headers';
import type { RouteChoice } from '@tulle/decision/match';
import type { LocalReply } from '../http/local-reply.ts';
import type { RequestHead, ResponseHead } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';

/** What a hook says about what it was given. */
export const FilterStatus = {
  /** On to the next filter. With data held by this filter before: that first. */
  Continue: 0,
  /** Stop here: this and all that follows is held until the filter resumes. */
  StopIteration: 1,
  /** Hold this, but keep calling this filter's hooks: it wants to see the body. Bounded by `bufferLimit`. */
  StopAndBuffer: 2,
} as const;
export type FilterStatus = (typeof FilterStatus)[keyof typeof FilterStatus];

/** Lets a stopped stream go on. The first call counts, also inside the hook that stops; later ones do nothing. */
export type Resume = () => void;

/** What a filter may ask of the stream that it is called for. */
export interface FilterStream {
  readonly info: StreamInfo;
  readonly request: RequestHead;
  /** From encodeHeaders on. */
  readonly response: ResponseHead | undefined;
  /** The route as matched now; undefined: none matches. Matched on first use, and again after `clearRoute`. */
  route(): RouteChoice | undefined;
  clearRoute(): void;
  /** The route's configuration for the filter being called. */
  routeConfig(): unknown;
  /** Call inside a hook that is about to stop. */
  suspend(): Resume;
  /** In a data or trailers hook: what goes on instead. In place of trailers it ends the message. */
  replaceData(chunk: Buffer): void;
  /** Answers in place of upstream; return what it returns. Ignored once a response has begun. */
  reply(reply: LocalReply): FilterStatus;
  /** Fields that are sent to endpoints of the mesh and to nobody else. */
  meshHeaders: readonly (readonly [name: string, value: string])[] | undefined;
  /** Body bytes that StopAndBuffer may hold. */
  bufferLimit: number;
}

/**
 * A filter of a chain, configured. Hooks are called for many streams: what belongs to one stream is in
 * `state`, made by `start`. Absent hooks cost nothing.
 */
export interface HttpFilter<State = unknown> {
  /** Without configuration of the route it does nothing: where no route of the table has any, it is left out. */
  readonly byRoute?: boolean;
  /** Before the first hook of a stream. */
  start?(stream: FilterStream): State;
  decodeHeaders?(head: RequestHead, end: boolean, stream: FilterStream, state: State): FilterStatus;
  decodeData?(chunk: Buffer, end: boolean, stream: FilterStream, state: State): FilterStatus;
  decodeTrailers?(trailers: Headers, stream: FilterStream, state: State): FilterStatus;
  encodeHeaders?(head: ResponseHead, end: boolean, stream: FilterStream, state: State): FilterStatus;
  encodeData?(chunk: Buffer, end: boolean, stream: FilterStream, state: State): FilterStatus;
  encodeTrailers?(trailers: Headers, stream: FilterStream, state: State): FilterStatus;
  /** The stream is over, however it ended; `stream.info` is complete. Once. */
  destroy?(stream: FilterStream, state: State): void;
}
