import { abortOf, delayOf } from '@tulle/decision/fault';
import type { FaultRule } from '@tulle/decision/tables/fault';
import type { Timer } from '../../timers/wheel.ts';
import { FilterStatus, type FilterStream, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';
import { variantsOf } from './variants.ts';

/** The delay under way; undefined: none. */
interface State {
  timer: Timer | undefined;
}

function hasFault(rule: FaultRule | undefined): boolean {
  return rule?.delay !== undefined || rule?.abort !== undefined;
}

export const faultFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
  create(config, { wheel, random }) {
    const own = config as FaultRule | undefined;
    const abortOrGoOn = (rule: FaultRule, stream: FilterStream): FilterStatus => {
      const abort = abortOf(rule, random);
      if (abort === undefined) return FilterStatus.Continue;
      const { status, grpcStatus } = abort;
      return stream.reply({
        status,
        body: 'fault filter abort',
        details: 'fault_filter_abort',
        flag: 'FI',
        ...(grpcStatus === undefined ? {} : { grpcStatus }),
      });
    };
    const filter: HttpFilter<State> = {
      byRoute: !hasFault(own),
      start: () => ({ timer: undefined }),
      decodeHeaders(_head, _end, stream, state) {
        const rule = (stream.routeConfig() ?? own) as FaultRule | undefined;
        if (rule === undefined) return FilterStatus.Continue;
        const delayMs = delayOf(rule, random);
        if (delayMs === 0) return abortOrGoOn(rule, stream);
        stream.info.flag('DI');
        const resume = stream.suspend();
        state.timer = wheel.timer(() => {
          if (abortOrGoOn(rule, stream) === FilterStatus.Continue) resume();
        });
        state.timer.start(delayMs);
        return FilterStatus.StopIteration;
      },
      destroy(_stream, { timer }) {
        timer?.stop();
      },
    };
    return filter as HttpFilter;
  },
  variants: (config) => variantsOf(config as FaultRule | undefined),
};
