import type { UtilizationPolicy } from '../tables/cluster.ts';

/** What an endpoint says of its load (xds.data.orca.v3.OrcaLoadReport); what it does not say is 0. */
export interface LoadReport {
  readonly applicationUtilization: number;
  readonly cpuUtilization: number;
  readonly memUtilization: number;
  /** Requests and errors per second, of all its callers. */
  readonly rpsFractional: number;
  readonly eps: number;
  readonly requestCost: ReadonlyMap<string, number>;
  readonly utilization: ReadonlyMap<string, number>;
  readonly namedMetrics: ReadonlyMap<string, number>;
}

/**
 * The weight of an endpoint that reports so: requests per second by utilization, as Envoy's
 * client_side_weighted_round_robin. Undefined: the report does not tell.
 */
export function reportedWeight(report: LoadReport, policy: UtilizationPolicy): number | undefined {
  const { rpsFractional: rps, eps } = report;
  const used = utilizationOf(report, policy.metricNames);
  const weight = rps / (used + (eps / rps) * policy.errorPenalty);
  return rps > 0 && used > 0 && weight > 0 && Number.isFinite(weight) ? weight : undefined;
}

/** The greatest of the metrics that are named, else what the application, else what its processor says. */
function utilizationOf(report: LoadReport, names: readonly string[]): number {
  const named = names.reduce((most, name) => Math.max(most, metric(report, name) ?? 0), 0);
  return named || report.applicationUtilization || report.cpuUtilization;
}

const plain = {
  application_utilization: 'applicationUtilization',
  cpu_utilization: 'cpuUtilization',
  mem_utilization: 'memUtilization',
} as const;
const maps = {
  named_metrics: 'namedMetrics',
  utilization: 'utilization',
  request_cost: 'requestCost',
} as const;

/** `cpu_utilization`, `named_metrics.queue`: a field, or a member of a map of the message. */
function metric(report: LoadReport, name: string): number | undefined {
  if (Object.hasOwn(plain, name)) return report[plain[name as keyof typeof plain]];
  const dot = name.indexOf('.');
  const map = maps[name.slice(0, dot) as keyof typeof maps];
  return map === undefined ? undefined : report[map].get(name.slice(dot + 1));
}

/** A weight that has been reported, and since when and until when such came; milliseconds. */
export interface Reported {
  weight: number;
  since: number;
  at: number;
}

/**
 * Weights of the endpoints of a cluster, in their order: reports that have come for long enough and are not too old; the
 * median of these for the others (Envoy). All 1 where there is none.
 */
export function weighByReports(
  reports: readonly (Reported | undefined)[],
  { stabilizationMs, expirationMs }: UtilizationPolicy,
  now: number,
): readonly number[] {
  const valid = reports.map((report) => {
    if (report === undefined || now - report.at > expirationMs) return undefined;
    return now - report.since >= stabilizationMs ? report.weight : undefined;
  });
  const known = valid.filter((weight) => weight !== undefined).toSorted((a, b) => a - b);
  const median = known[known.length >> 1] ?? 1;
  return valid.map((weight) => weight ?? median);
}
