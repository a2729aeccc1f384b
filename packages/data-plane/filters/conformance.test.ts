import { localRateLimit, perSecond } from '@tulle/decision/limits/rate-limit.fixture';
import type { HttpFilterConfig } from '@tulle/decision/tables/http-manager';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../engine.ts';
import { type Backend, named } from '../testing/backend.ts';
import { cleanupAfterEach } from '../testing/cleanup.ts';
import { ask } from '../testing/client.ts';
import { portOf, startEngine } from '../testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../testing/tables.ts';
import { bandwidthLimitFilter } from './bandwidth-limit/filter.ts';
import { compileChain } from './chain.ts';
import { FilterStatus, type HttpFilter } from './filter.ts';
import { filterKinds } from './index.ts';
import { jwtAuthnFilter } from './jwt-authn/filter.ts';
import { provider } from './jwt-authn/tokens.fixture.ts';
import { localRateLimitFilter } from './local-rate-limit/filter.ts';

/** Configurations that each filter must live with. */
const configurations: Readonly<Record<string, readonly unknown[]>> = {
  'type.googleapis.com/io.istio.http.peer_metadata.Config': [
    {},
    { downstream_discovery: [{ istio_headers: {} }], downstream_propagation: [{ istio_headers: {} }] },
    {
      upstream_discovery: [{ istio_headers: {} }],
      upstream_propagation: [{ istio_headers: { skip_external_clusters: true } }],
    },
    { downstream_discovery: 'nonsense' },
  ],
  [jwtAuthnFilter.typeUrl]: [
    { rules: [], passesPreflights: false, isSilent: false },
    {
      rules: [
        {
          match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
          requirement: { kind: 'allow-missing', besides: [provider({ payloadHeader: 'x-payload' })] },
        },
      ],
      passesPreflights: true,
      isSilent: true,
    },
  ],
  [bandwidthLimitFilter.typeUrl]: [
    { name: 'l', scope: 'proxy', requestBytesPerSecond: 20_000_000, responseBytesPerSecond: 20_000_000 },
    { name: 'l', scope: 'connection', responseBytesPerSecond: 1_000_000 },
  ],
  [localRateLimitFilter.typeUrl]: [
    localRateLimit({ bucket: perSecond(1_000_000), rateLimitHeaders: true }),
    localRateLimit({ bucket: perSecond(1), enforced: 0 }),
    localRateLimit({ bucket: perSecond(1_000_000), perConnection: true }),
  ],
  'type.googleapis.com/stats.PluginConfig': [{}, { disable_host_header_fallback: true }, undefined],
};

/** Stops before the filter under test, at random, and resumes in a later turn; what every neighbour may do. */
function pausing(random: () => number): HttpFilter {
  const pause = (stream: { suspend(): () => void }): FilterStatus => {
    if (random() < 0.5) return FilterStatus.Continue;
    const resume = stream.suspend();
    if (random() < 0.3) resume();
    else setImmediate(resume);
    return FilterStatus.StopIteration;
  };
  return {
    decodeHeaders: (_head, _end, stream) => pause(stream),
    decodeData: (_chunk, _end, stream) => pause(stream),
    encodeHeaders: (_head, _end, stream) => pause(stream),
    encodeData: (_chunk, _end, stream) => pause(stream),
  };
}

const cleanup = cleanupAfterEach();

async function serve(
  app: Backend,
  filters: readonly HttpFilterConfig[],
  direction: 'inbound' | 'outbound',
): Promise<Engine> {
  const managed = manager(routeTable([host([route(forward('a'))])]), { filters });
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(managed)], { direction })],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
  );
  cleanup.push(() => engine.destroy());
  return engine;
}

/** Puts pauses around every filter of the engine's one chain. */
function withPauses(engine: Engine): void {
  for (const active of engine.listeners.active) {
    for (const chain of active.chains.values()) {
      if (chain.service.kind !== 'http') continue;
      const before = chain.service.manager;
      const filters = before.chain.filters.flatMap((filter, index) => [
        { name: `pause${index}`, filter: pausing(Math.random) },
        filter,
      ]);
      Object.defineProperty(before, 'chain', {
        value: compileChain([...filters, { name: 'last', filter: pausing(Math.random) }]),
      });
    }
  }
}

describe.each(filterKinds.map((kind) => [kind.typeUrl, kind] as const))('%s', (typeUrl) => {
  const cases = configurations[typeUrl] ?? [{}];
  it.each(cases.flatMap((config) => [[config, 'inbound'] as const, [config, 'outbound'] as const]))(
    'passes every message whole, with %j, %s',
    async (config, direction) => {
      const app = await named('app');
      cleanup.push(() => app.close());
      const engine = await serve(app, [{ name: 'tested', typeUrl, config }], direction);
      withPauses(engine);
      const port = portOf(engine, 'l');
      const bodies = ['', 'x', 'y'.repeat(300_000)];
      for (let round = 0; round < 5; round++) {
        for (const body of bodies) {
          const answer = await ask(port, {
            method: 'POST',
            path: `/${round}`,
            body,
            headers: { 'x-envoy-peer-metadata': 'bm9uc2Vuc2U=', 'x-other': 'stays' },
          });
          expect(answer.status).toBe(200);
          const seen = JSON.parse(answer.body);
          expect(seen.body).toBe(body);
          expect(seen.headers['x-other']).toBe('stays');
        }
      }
      expect(engine.chains.counters.get('test')?.active).toBe(0);
    },
  );
});
