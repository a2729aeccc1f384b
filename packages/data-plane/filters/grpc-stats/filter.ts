import { isGrpc } from '../../http/grpc.ts';
import { FilterStatus, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';
import { MessageCounter } from './message-counter.ts';

/** Counters of a call; undefined: no call. */
interface State {
  calls: { readonly request: MessageCounter; readonly response: MessageCounter } | undefined;
}

export const grpcStatsFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
  create() {
    const filter: HttpFilter<State> = {
      start: () => ({ calls: undefined }),
      decodeHeaders({ headers }, _end, _stream, state) {
        if (isGrpc(headers)) state.calls = { request: new MessageCounter(), response: new MessageCounter() };
        return FilterStatus.Continue;
      },
      decodeData(chunk, _end, { info }, { calls }) {
        if (calls !== undefined) {
          calls.request.take(chunk);
          info.requestMessages = calls.request.messages;
        }
        return FilterStatus.Continue;
      },
      encodeData(chunk, _end, { info }, { calls }) {
        if (calls !== undefined) {
          calls.response.take(chunk);
          info.responseMessages = calls.response.messages;
        }
        return FilterStatus.Continue;
      },
    };
    return filter as HttpFilter;
  },
};
