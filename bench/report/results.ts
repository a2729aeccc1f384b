import { cpus, release, totalmem } from 'node:os';
import { median, type Rounds } from '../measure/sample.ts';
import type { NotYet, Scenario } from '../scenarios/scenario.ts';
import { congestion } from '../system/namespace.ts';
import { noisyShare } from '../system/quiet.ts';

/** null: the scenario does not tell. */
export interface Figures {
  readonly cpuUsPerRequest: number | null;
  readonly requestsPerSecond: number | null;
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  readonly p999Us: number | null;
  readonly rssBytes: number | null;
}

export interface Details {
  /** Lowest and highest round. */
  readonly cpuUsPerRequestSpread: readonly [number | null, number | null];
  readonly rounds: number;
  readonly discardedRounds: number;
  /** No round was quiet: the figures are of noisy ones. */
  readonly noisy: boolean;
  readonly errors: number;
  readonly openLoopRate: number;
  readonly allocatedBytesPerRequest: number | null;
  readonly bytesPerCpuSecond: number | null;
}

export interface Results {
  readonly scenarios: Record<string, Record<string, Figures>>;
  /**
   * Ours over theirs, by CPU per request: lower is better. Scenarios of bytes: bytes per CPU second, higher is
   * better. Idle connections: resident memory.
   */
  readonly ratios: Record<string, { readonly envoy: number | null; readonly haproxy: number | null }>;
  readonly details: Record<string, Record<string, Details>>;
  readonly notYet: readonly NotYet[];
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly work: Readonly<Record<string, string>>;
}

export function figuresOf({ samples, latencies }: Rounds): Figures {
  const of = (values: readonly (number | undefined)[], digits = 0): number | null =>
    rounded(median(values.filter((value) => value !== undefined)), digits);
  const latency = (key: 'p50Us' | 'p99Us' | 'p999Us'): number | null =>
    of((latencies.length > 0 ? latencies : samples).map((each) => each[key]));
  return {
    cpuUsPerRequest: of(
      samples.map((each) => each.cpuUsPerRequest),
      2,
    ),
    requestsPerSecond: of(samples.map((each) => each.requestsPerSecond)),
    p50Us: latency('p50Us'),
    p99Us: latency('p99Us'),
    p999Us: latency('p999Us'),
    rssBytes: of(samples.map((each) => each.rssBytes)),
  };
}

export function detailsOf(scenario: Scenario, rounds: Rounds): Details {
  const { samples, latencies } = rounds;
  const cpu = samples.map((each) => each.cpuUsPerRequest);
  const allocated = samples.flatMap(({ allocatedBytesPerRequest: bytes }) =>
    bytes === undefined ? [] : [bytes],
  );
  return {
    cpuUsPerRequestSpread: [rounded(Math.min(...cpu), 2), rounded(Math.max(...cpu), 2)],
    rounds: samples.length,
    discardedRounds: rounds.discarded,
    noisy: [...samples, ...latencies].some(({ others }) => others > noisyShare),
    errors: [...samples, ...latencies].reduce((sum, { errors }) => sum + errors, 0),
    openLoopRate: rounds.rate,
    allocatedBytesPerRequest: rounded(median(allocated), 0),
    bytesPerCpuSecond: scenario.bytes === undefined ? null : rounded((scenario.bytes / median(cpu)) * 1e6, 0),
  };
}

export function ratioOf(
  scenario: Scenario,
  ours: Figures | undefined,
  theirs: Figures | undefined,
): number | null {
  const figure = scenario.kind === 'idle' ? 'rssBytes' : 'cpuUsPerRequest';
  const [a, b] = [ours?.[figure], theirs?.[figure]];
  if (typeof a !== 'number' || typeof b !== 'number' || a <= 0 || b <= 0) return null;
  return rounded(scenario.bytes === undefined ? a / b : b / a, 3);
}

export function machineText(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, TCP ${congestion()}`;
}

function rounded(value: number, digits: number): number | null {
  return Number.isFinite(value) ? Number(value.toFixed(digits)) : null;
}
