import { closedLoop, type LoadResult } from '../load/closed-loop.ts';
import { handshakes } from '../load/handshakes.ts';
import { holdIdle } from '../load/idle.ts';
import { openLoop } from '../load/open-loop.ts';
import type { Percentiles } from '../load/percentiles.ts';
import type { BenchOptions } from '../options.ts';
import type { Bench, Scenario, Subject } from '../scenarios/scenario.ts';
import { cpuSeconds, residentBytes } from '../system/cpu.ts';
import { noisyShare, untilQuiet, watchOthers } from '../system/quiet.ts';
import { type Latency, median, type Rounds, type Sample } from './sample.ts';

/** Before anything counts: pools fill, hot functions are compiled. */
const warmRequests = 50_000;
const warmSeconds = 2;
const mostWarmLoads = 4;
const openLoopConnections = 64;
/** For other processes to leave the machine alone: before one round, and before all of a scenario's. */
const longestWaitMs = 10_000;
const longestWaitsMs = 30_000;

interface Tally {
  readonly subject: Subject;
  readonly samples: Sample[];
  readonly noisySamples: Sample[];
  readonly latencies: Latency[];
  readonly noisyLatencies: Latency[];
}

/** Runs a scenario for its subjects in turn, round after round. */
export async function measure(
  bench: Bench,
  scenario: Scenario,
  subjects: readonly Subject[],
  options: BenchOptions,
  note: (text: string) => void,
): Promise<Rounds[]> {
  const tallies = subjects.map(
    (subject): Tally => ({ subject, samples: [], noisySamples: [], latencies: [], noisyLatencies: [] }),
  );
  if (scenario.kind === 'idle') {
    for (const tally of tallies) tally.samples.push(await idleSample(scenario, tally.subject));
    return tallies.map((tally) => roundsOf(tally, 0));
  }
  for (const { subject } of tallies) await warmUp(bench, scenario, subject);
  await repeat(tallies, options, note, async (tally) => {
    const sample = await loadedSample(bench, scenario, tally.subject, options.seconds);
    (sample.others > noisyShare ? tally.noisySamples : tally.samples).push(sample);
    return tally.samples.length;
  });
  const slowest = Math.min(
    ...tallies.map((tally) => median(settled(tally).map((each) => each.requestsPerSecond))),
  );
  const rate = Math.max(1, Math.floor(slowest / 2));
  await repeat(tallies, options, note, async (tally, round) => {
    const others = watchOthers();
    const { port, host } = tally.subject;
    const { ask, connections } = scenario;
    const result = await openLoop({
      port,
      host,
      ask,
      connections: ask.streams === undefined ? openLoopConnections : connections,
      ...(scenario.kind === 'requests'
        ? {}
        : { handshakes: { certificates: bench.certificates, resume: scenario.kind === 'resumptions' } }),
      rate,
      seconds: options.seconds,
      seed: 1 + round,
    });
    const latency = { ...result, others: others() };
    (latency.others > noisyShare ? tally.noisyLatencies : tally.latencies).push(latency);
    return tally.latencies.length;
  });
  return tallies.map((tally) => roundsOf(tally, rate));
}

/** All peers alternately, until each has its rounds without noise, or none may be repeated any more. */
async function repeat(
  tallies: readonly Tally[],
  { rounds, repeats }: BenchOptions,
  note: (text: string) => void,
  once: (tally: Tally, round: number) => Promise<number>,
): Promise<void> {
  const quiet = new Map<Tally, number>();
  let waited = 0;
  for (let round = 0; round < rounds + repeats; round++) {
    const before = performance.now();
    if (repeats > 0 && waited < longestWaitsMs) await untilQuiet(longestWaitMs);
    waited += performance.now() - before;
    const open = tallies.filter((tally) => (quiet.get(tally) ?? 0) < rounds);
    if (open.length === 0) return;
    for (const tally of open) quiet.set(tally, await once(tally, round));
  }
  const short = tallies.filter((tally) => (quiet.get(tally) ?? 0) < rounds);
  if (short.length > 0)
    note(`other processes were busy: ${short.map(({ subject }) => subject.peer).join(', ')}`);
}

async function warmUp(bench: Bench, scenario: Scenario, subject: Subject): Promise<void> {
  let requests = 0;
  for (let loads = 0; loads < mostWarmLoads && requests < warmRequests; loads++) {
    // Native code is warm at once.
    if (subject.peer !== 'tulle' && loads > 0) return;
    requests += (await load(bench, scenario, subject, warmSeconds)).requests;
  }
}

async function loadedSample(
  bench: Bench,
  scenario: Scenario,
  subject: Subject,
  seconds: number,
): Promise<Sample> {
  const others = watchOthers();
  const cpu = cpuSeconds(subject.pids);
  const allocated = await subject.allocatedBytes?.();
  const result = await load(bench, scenario, subject, seconds);
  const used = cpuSeconds(subject.pids) - cpu;
  const allocatedNow = await subject.allocatedBytes?.();
  const requests = Math.max(1, result.requests);
  return {
    ...result,
    cpuUsPerRequest: (used / requests / scenario.hops) * 1e6,
    rssBytes: residentBytes(subject.pids) / scenario.hops,
    ...(allocated === undefined || allocatedNow === undefined
      ? {}
      : { allocatedBytesPerRequest: (allocatedNow - allocated) / requests / scenario.hops }),
    others: others(),
  };
}

async function idleSample(scenario: Scenario, subject: Subject): Promise<Sample> {
  const others = watchOthers();
  const { ask, connections } = scenario;
  const program = await holdIdle({ port: subject.port, host: subject.host, path: ask.path, connections });
  const rssBytes = residentBytes(subject.pids);
  await program.stop();
  return {
    requests: connections,
    requestsPerSecond: Number.NaN,
    cpuUsPerRequest: Number.NaN,
    rssBytes,
    errors: 0,
    others: others(),
  };
}

async function load(
  { certificates, folder }: Bench,
  { kind, ask, connections }: Scenario,
  { port, host }: Subject,
  seconds: number,
): Promise<LoadResult & Partial<Percentiles>> {
  if (kind === 'requests') return closedLoop({ port, host, ask, seconds, connections, folder });
  const resume = kind === 'resumptions';
  return handshakes({ port, host, path: ask.path, seconds, concurrency: connections, certificates, resume });
}

/** Quiet rounds; where there was none, what there is. */
function settled({ samples, noisySamples }: Tally): readonly Sample[] {
  return samples.length > 0 ? samples : noisySamples;
}

function roundsOf(tally: Tally, rate: number): Rounds {
  const { subject, noisySamples, latencies, noisyLatencies } = tally;
  return {
    peer: subject.peer,
    samples: settled(tally),
    latencies: latencies.length > 0 ? latencies : noisyLatencies,
    discarded: noisySamples.length + noisyLatencies.length,
    rate,
  };
}
