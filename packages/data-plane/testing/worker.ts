/**
 * A worker without a control plane, for tests: what it serves stands in its first argument, as JSON. Ends when its
 * parent does, or when a successor has taken over and what was open is over.
 */
import { localRateLimit } from '@tulle/decision/limits/rate-limit.fixture';
import { handOver } from '../drain.ts';
import { Engine } from '../engine.ts';
import { localRateLimitFilter } from '../filters/local-rate-limit/filter.ts';
import { connectionsFor, descriptorLimit } from '../overload/descriptor-limit.ts';
import { Gate } from '../overload/gate.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { ParentLink } from '../workers/parent-link.ts';
import type { ToWorker, WorkerId } from '../workers/protocol.ts';
import { shareThrough } from '../workers/sharing.ts';
import { metadata } from './engine.ts';

import {
  chain,
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
} from './tables.ts';
import type { WorkerArguments } from './workers.ts';

const args = JSON.parse(process.argv[2] as string) as WorkerArguments;
const { http, tcp, backends, limits, outlier, healthCheck, maxConnections, gate, rateLimit } = args;
const all = { connections: 1024, pending: 1024, requests: 1024, retries: 3, ...limits };

const wheel = new TimerWheel();
const parent = new ParentLink({
  id: args.id as WorkerId,
  shared: args.workers > 1,
  succeeds: args.succeeds,
  // The parent is the test's own process, which a loaded machine may hold up for longer than a proxy's would be.
  answerMs: 60_000,
  channel: {
    send: (message) => process.send?.(message, undefined, undefined, () => {}),
    onMessage: (onMessage) => {
      process.on('message', (message, handle) => onMessage(message as ToWorker, handle));
    },
  },
});
const engine: Engine = new Engine({
  node: { id: 'sidecar~127.0.0.1~test-0.default~default.svc.cluster.local', metadata },
  trustDomain: 'cluster.local',
  role: 'sidecar',
  wheel,
  gate: new Gate({
    wheel,
    maxConnections: gate ?? connectionsFor(descriptorLimit() ?? Number.POSITIVE_INFINITY),
  }),
  workers: shareThrough(parent, wheel, () => engine.clusters),
});
parent.onSuccession({
  onSucceeded: () => {},
  onResume: () => {},
  onRetire: () => void handOver(engine, { limitMs: 60_000, idleMs: 30_000 }).then(() => process.exit(0)),
});
process.once('disconnect', () => process.exit(0));

/** Says which worker serves, without asking anybody. */
const whoAmI = route(
  { kind: 'direct', status: 200, body: args.id },
  { match: { path: { kind: 'exact', value: '/who', ignoreCase: false } } },
);
const filters =
  rateLimit === undefined
    ? []
    : [
        {
          name: 'limit',
          typeUrl: localRateLimitFilter.typeUrl,
          config: localRateLimit({ bucket: rateLimit }),
        },
      ];
const more = maxConnections === undefined ? {} : { maxConnections };
await engine.apply(
  tables({
    clusters: [
      cluster(
        'backends',
        backends.map((port) => endpoint(port)),
        {
          breakers: { default: all, high: all },
          ...(outlier === undefined ? {} : { outlier }),
          ...(healthCheck === undefined ? {} : { healthCheck }),
        },
      ),
    ],
    listeners: [
      listener(
        'http',
        [httpChain(manager(routeTable([host([whoAmI, route(forward('backends'))])]), { filters }))],
        { port: http, ...more },
      ),
      ...(tcp === undefined
        ? []
        : [
            listener(
              'tcp',
              [
                chain({
                  kind: 'tcp',
                  proxy: {
                    statPrefix: 'tcp',
                    clusters: forward('backends').clusters,
                    idleTimeoutMs: 0,
                    maxConnectAttempts: 1,
                    accessLogs: [],
                  },
                }),
              ],
              { port: tcp, ...more },
            ),
          ]),
    ],
  }),
);
parent.serving();
