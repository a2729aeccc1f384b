import type { Writable } from 'node:stream';
import type { Tables } from '@tulle/decision/tables';
import type { Bootstrap } from './bootstrap.ts';
import type { Observers } from './engine.ts';
import { Pairs } from './filters/stats/pairs.ts';
import type { StreamInfo } from './http/stream-info.ts';
import { accessLogger } from './telemetry/access-log.ts';
import { IstioMetrics } from './telemetry/istio-metrics.ts';
import { LogSinks } from './telemetry/log-sink.ts';
import { workloadLabelsOf } from './telemetry/peer-metadata.ts';
import { MetricRegistry } from './telemetry/registry.ts';
import type { TimerWheel } from './timers/wheel.ts';

export interface ObservationParts {
  readonly node: Bootstrap['node'];
  /** Our own SPIFFE ID. */
  readonly uri: string;
  readonly wheel: TimerWheel;
  /** Where logs to /dev/stdout and /dev/stderr go. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly tables: () => Tables | undefined;
}

/** What watches a proxy's traffic: metrics and access logs. */
export interface Observation {
  readonly registry: MetricRegistry;
  readonly observers: Observers;
  /** Writes what is left of the logs. */
  close(): Promise<void>;
}

export function createObservation(parts: ObservationParts): Observation {
  const registry = new MetricRegistry();
  const metrics = new IstioMetrics(registry);
  const sinks = new LogSinks(parts.wheel, parts);
  const self = workloadLabelsOf(parts.node.metadata);
  const pairs = {
    inbound: new Pairs({ metrics, reporter: 'destination', self, uri: parts.uri }),
    outbound: new Pairs({ metrics, reporter: 'source', self, uri: parts.uri }),
  };
  const observers: Observers = {
    metrics,
    httpLoggers: (manager) => manager.accessLogs.map((log) => accessLogger(log, sinks)),
    tcpLoggers: ({ service }) =>
      service.kind === 'tcp' ? service.proxy.accessLogs.map((log) => accessLogger(log, sinks)) : [],
    tcp: (info) => {
      const inbound = info.connection.direction === 'inbound';
      if (inbound) info.peer ??= callerOf(info, parts.tables());
      return (inbound ? pairs.inbound : pairs.outbound).of(info, '').openTcp();
    },
  };
  return { registry, observers, close: () => sinks.close() };
}

/**
 * Who called, for bytes that carry no metadata: the one workload of the mesh that we know under the
 * caller's identity. Undefined when several share it, or we know none.
 */
function callerOf(info: StreamInfo, tables: Tables | undefined): StreamInfo['peer'] {
  const principal = info.connection.tls?.peerUri;
  if (principal === undefined || tables === undefined) return undefined;
  const found = new Map<string, StreamInfo['peer']>();
  for (const endpoints of tables.endpoints.values()) {
    for (const { workload } of endpoints) {
      if (workload?.principal === principal)
        found.set(`${workload.namespace}/${workload.workload}`, workload);
    }
  }
  return found.size === 1 ? found.values().next().value : undefined;
}
