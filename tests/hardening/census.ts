import type { Engine } from '@tulle/data-plane/engine';

/** What a proxy holds: all zero when nobody is connected. */
export interface Census {
  readonly downstream: number;
  readonly upstream: number;
  readonly activeRequests: number;
  readonly gauges: number;
  readonly timers: number;
}

export function census(engine: Engine): Census {
  let upstream = 0;
  let activeRequests = 0;
  let gauges = 0;
  for (const name of engine.tables?.clusters.keys() ?? []) {
    const state = engine.clusters.get(name);
    if (state === undefined) continue;
    for (const endpoint of state.endpoints) {
      upstream += endpoint.counters.connections;
      activeRequests += endpoint.active;
    }
    for (const breakers of [state.breakers.default, state.breakers.high]) {
      gauges +=
        breakers.connections.value +
        breakers.pending.value +
        breakers.requests.value +
        breakers.retries.value;
    }
  }
  return {
    downstream: engine.listeners.connections,
    upstream,
    activeRequests,
    gauges,
    timers: engine.wheel.armed,
  };
}

export const nothing: Census = { downstream: 0, upstream: 0, activeRequests: 0, gauges: 0, timers: 0 };
