import type { Headers } from '@tulle/decision/headers';
import type { RequestHead, ResponseHead } from '../http/stream.ts';
import type { FilterStatus, FilterStream, HttpFilter } from './filter.ts';

/** The hooks of one direction of one filter; `state` indexes the stream's filter states. */
export interface Stage<Head> {
  readonly state: number;
  readonly name: string;
  readonly head:
    | ((head: Head, end: boolean, stream: FilterStream, state: unknown) => FilterStatus)
    | undefined;
  readonly data:
    | ((chunk: Buffer, end: boolean, stream: FilterStream, state: unknown) => FilterStatus)
    | undefined;
  readonly trailers: ((trailers: Headers, stream: FilterStream, state: unknown) => FilterStatus) | undefined;
}

export interface NamedFilter {
  /** The instance's name: per-route configuration is by it. */
  readonly name: string;
  readonly filter: HttpFilter;
}

/** A manager's HTTP filters (a listener's `FilterChain` is what leads to the manager), flat: only those that have a hook in a direction are there. */
export interface HttpFilterChain {
  readonly filters: readonly NamedFilter[];
  readonly decode: readonly Stage<RequestHead>[];
  /** From the terminal filter outwards: last filter first. */
  readonly encode: readonly Stage<ResponseHead>[];
  readonly starts: readonly number[];
  readonly destroys: readonly number[];
}

/** Compiled once, when configuration loads. The terminal router is not among them. */
export function compileChain(filters: readonly NamedFilter[]): HttpFilterChain {
  const indexes = filters.map((_, index) => index);
  const at = (index: number): HttpFilter => (filters[index] as NamedFilter).filter;
  const stage = <Head>(
    state: number,
    head: Stage<Head>['head'],
    data: Stage<Head>['data'],
    trailers: Stage<Head>['trailers'],
  ): Stage<Head>[] => {
    if (head === undefined && data === undefined && trailers === undefined) return [];
    return [{ state, name: (filters[state] as NamedFilter).name, head, data, trailers }];
  };
  return {
    filters,
    decode: indexes.flatMap((index) => {
      const filter = at(index);
      return stage<RequestHead>(
        index,
        filter.decodeHeaders?.bind(filter),
        filter.decodeData?.bind(filter),
        filter.decodeTrailers?.bind(filter),
      );
    }),
    encode: indexes.toReversed().flatMap((index) => {
      const filter = at(index);
      return stage<ResponseHead>(
        index,
        filter.encodeHeaders?.bind(filter),
        filter.encodeData?.bind(filter),
        filter.encodeTrailers?.bind(filter),
      );
    }),
    starts: indexes.filter((index) => at(index).start !== undefined),
    destroys: indexes.filter((index) => at(index).destroy !== undefined),
  };
}
