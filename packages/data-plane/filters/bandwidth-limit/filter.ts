import type { BandwidthLimit } from '@tulle/decision/tables/bandwidth';
import { type ConnectionPacers, pacersOf } from '../../limits/connection-pacers.ts';
import type { Pacer } from '../../limits/pacer.ts';
import { FilterStatus, type FilterStream, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';

interface State {
  pacers: ConnectionPacers | undefined;
  /** Take back those that wait for their turn. */
  cancelRequest: (() => void) | undefined;
  cancelResponse: (() => void) | undefined;
}

const typeUrl = 'type.googleapis.com/envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit';
const ownBandwidthTypeUrl = 'type.googleapis.com/tulle.dev.BandwidthLimit';

const create: NonNullable<FilterKind['create']> = (config, { limits }) => {
  const own = config as BandwidthLimit;
  const ofProxy = new WeakMap<BandwidthLimit, ConnectionPacers>();
  const resolve = (stream: FilterStream): ConnectionPacers => {
    const limit = (stream.routeConfig() ?? own) as BandwidthLimit;
    const known = ofProxy.get(limit);
    if (known !== undefined) return known;
    const { connection, clientAddress } = stream.info;
    const found = pacersOf(limit, limits.pacers, connection, clientAddress);
    if (limit.scope === 'proxy') ofProxy.set(limit, found);
    return found;
  };
  const pacersFor = (stream: FilterStream, state: State): ConnectionPacers => {
    state.pacers ??= resolve(stream);
    return state.pacers;
  };
  const filter: HttpFilter<State> = {
    byRoute: own.requestBytesPerSecond === undefined && own.responseBytesPerSecond === undefined,
    start: () => ({ pacers: undefined, cancelRequest: undefined, cancelResponse: undefined }),
    decodeData(chunk, _end, stream, state) {
      return pass(chunk.length, pacersFor(stream, state).request, stream, (cancel) => {
        state.cancelRequest = cancel;
      });
    },
    encodeData(chunk, _end, stream, state) {
      return pass(chunk.length, pacersFor(stream, state).response, stream, (cancel) => {
        state.cancelResponse = cancel;
      });
    },
    destroy(_stream, state) {
      state.cancelRequest?.();
      state.cancelResponse?.();
    },
  };
  return filter as HttpFilter;
};

function pass(
  bytes: number,
  pacer: Pacer | undefined,
  stream: FilterStream,
  waits: (cancel: (() => void) | undefined) => void,
): FilterStatus {
  if (pacer === undefined || bytes === 0) return FilterStatus.Continue;
  if (pacer.open) {
    pacer.spend(bytes);
    return FilterStatus.Continue;
  }
  const resume = stream.suspend();
  waits(
    pacer.wait(() => {
      waits(undefined);
      pacer.spend(bytes);
      resume();
    }),
  );
  return FilterStatus.StopIteration;
}

export const bandwidthLimitFilter: FilterKind = { typeUrl, create };
/** As our control plane says what Envoy has no words for. */
export const ownBandwidthLimitFilter: FilterKind = { typeUrl: ownBandwidthTypeUrl, create };
