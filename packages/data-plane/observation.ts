import type { Writable } from 'node:stream';
import type { Tables } from '@tulle/decision/tables/tables';
import type { Bootstrap } from './bootstrap.ts';
import type { Observers } from './engine.ts';
import { Pairs } from './filters/stats/pairs.ts';
import { LimitMetrics } from './limits/limit-metrics.ts';
import { accessLogger } from './telemetry/access-log.ts';
import { Callers } from './telemetry/callers.ts';
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

const nobody: Tables['workloads'] = new Map();

/** What a proxy counts and logs: metrics by pair of workloads, access logs by their sinks. */
export function createObservation(parts: ObservationParts): Observation {
  const registry = new MetricRegistry();
  const metrics = new IstioMetrics(registry);
  const sinks = new LogSinks(parts.wheel, parts);
  const self = workloadLabelsOf(parts.node.metadata);
  const callers = new Callers(self.cluster);
  const pairs = {
    inbound: new Pairs({ metrics, reporter: 'destination', self, uri: parts.uri }),
    outbound: new Pairs({ metrics, reporter: 'source', self, uri: parts.uri }),
  };
  const observers: Observers = {
    metrics,
    limits: new LimitMetrics(registry),
    httpLoggers: (manager) => manager.accessLogs.map((log) => accessLogger(log, sinks)),
    tcpLoggers: ({ service }) =>
      service.kind === 'tcp' ? service.proxy.accessLogs.map((log) => accessLogger(log, sinks)) : [],
    tcp: (info) => {
      const inbound = info.connection.direction === 'inbound';
      const { tls } = info.connection;
      if (inbound && tls !== undefined) info.peer ??= callers.of(tls, parts.tables()?.workloads ?? nobody);
      return (inbound ? pairs.inbound : pairs.outbound).of(info, '').openTcp();
    },
  };
  return { registry, observers, close: () => sinks.close() };
}
