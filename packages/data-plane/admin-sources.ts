import type { JsonObject } from '@tulle/xds/json';
import type { AdminSources, LoadedCertificate } from './admin/sources.ts';
import type { Bootstrap } from './bootstrap.ts';
import type { Configuration } from './config/subscription.ts';
import type { Engine } from './engine.ts';
import type { ProxyIdentity } from './identity/identity.ts';
import type { MetricRegistry } from './telemetry/registry.ts';
import { variantsOf } from './upstream/transport.ts';

const version = '0.1.0';

export interface ProxyParts {
  readonly bootstrap: Bootstrap;
  readonly registry: MetricRegistry;
  readonly engine: Engine;
  /** Undefined until they are there. */
  readonly identity: () => ProxyIdentity | undefined;
  readonly configuration: () => Configuration | undefined;
  /** Everything was there once. */
  readonly started: () => boolean;
  readonly drain: () => void;
  readonly quit: () => void;
}

/** A proxy as its admin endpoint shows it. */
export function adminSources(parts: ProxyParts): AdminSources {
  const { bootstrap, engine } = parts;
  const startedAt = engine.wheel.now();
  const { enrolmentToken: _secret, ...shown } = bootstrap;
  return {
    metrics: parts.registry,
    ready: () => parts.started() && !engine.draining,
    state: () => {
      if (engine.draining) return 'DRAINING';
      if (parts.started()) return 'LIVE';
      return parts.identity() === undefined ? 'PRE_INITIALIZING' : 'INITIALIZING';
    },
    serverInfo: () => ({
      version,
      uptimeMs: engine.wheel.now() - startedAt,
      node: bootstrap.node as unknown as JsonObject,
    }),
    clusters: () => engine.clusters.all(),
    clustersInUse: () => engine.clusters.clusters,
    tlsCountersOf: (tls) => variantsOf(tls).map((variant) => engine.tls.countersOf(variant)),
    routes: engine.routeStats,
    listeners: () => engine.listeners.active,
    dns: () => engine.dns.active,
    configDump: () => parts.configuration()?.dump() ?? [],
    resources: () => parts.configuration()?.resources(),
    bootstrap: () => shown as unknown as JsonObject,
    certificates: () => certificates(parts),
    drainListeners: (graceful) => {
      if (graceful) parts.drain();
      else void engine.listeners.stopAccepting();
    },
    quit: parts.quit,
  };
}

function* certificates({ engine, identity }: ProxyParts): Iterable<LoadedCertificate> {
  const svid = identity()?.current();
  if (svid !== undefined) yield { name: 'default', chainPem: svid.chainPem, rootsPem: svid.rootsPem };
  for (const [name, secret] of engine.tables?.secrets ?? []) {
    if (secret.kind === 'certificate') yield { name, chainPem: secret.chainPem };
    else yield { name, rootsPem: secret.pem };
  }
}
