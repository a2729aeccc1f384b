import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds, residentBytes } from '../system/cpu.ts';
import { watchOthers } from '../system/quiet.ts';
import {
  clusterName,
  instanceName,
  metadataOf,
  namespace,
  routedEvery,
  virtualHostOf,
  virtualService,
  workloadEntry,
  workloadEntryName,
} from './mesh.ts';
import { seed } from './seed.ts';
import { Simulator } from './simulator.ts';
import { monotonicNow } from './simulator-messages.ts';
import type { Size } from './sizes.ts';
import { type Subject, startSubject } from './subject.ts';

/** One kind of change, made again and again. Latencies in milliseconds, from the API's answer to the last acknowledgement. */
export interface ChangeFigures {
  readonly latencies: readonly number[];
  /** Of the control plane, per change, milliseconds. */
  readonly cpuMs: number;
  /** Per change, by stage of the control plane; wall milliseconds. */
  readonly stages: Readonly<Record<Stage, number>>;
  /** Received by all proxies together, per change. */
  readonly bytes: number;
  /** Proxies that a change reaches. */
  readonly proxies: number;
}

export interface Figures {
  readonly size: Size;
  readonly firstPush: {
    /** Until all had got through TLS, to a tenth. */
    readonly letInSeconds: number;
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly bytes: number;
    readonly broken: number;
  };
  readonly route: ChangeFigures;
  readonly endpoint: ChangeFigures;
  readonly workloadEntry: ChangeFigures;
  /** After the first push, and the most that was seen at the end of a part. Bytes. */
  readonly resident: { readonly pushed: number; readonly most: number };
  /** What other processes used meanwhile, in cores. */
  readonly others: number;
}

export const stages = ['model', 'compile', 'serialise', 'send'] as const;
export type Stage = (typeof stages)[number];

/** No proxy has got anything for so long: the push is over. */
const quietMs = 1_500;
/** Before they are counted: the code of changes is compiled. */
const warmUp = 3;

/** Measures one size, with a control plane and a simulator of its own. */
export async function measure(size: Size, changes: number, note: (text: string) => void): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-bench-control-plane-'));
  let subject: Subject | undefined;
  let simulator: Simulator | undefined;
  try {
    note(`${size.services} services, ${size.endpoints} endpoints, ${size.proxies} proxies: storing …`);
    const svids = await seed(folder, size);
    subject = await startSubject(folder);
    const { address, xdsPort, identity } = subject;
    const proxies = svids.chains.map((chain, index) => ({ metadata: metadataOf(index, size), chain }));
    const { key, roots } = svids;
    simulator = new Simulator(folder, { address, xdsPort, identity, key, roots, proxies });
    const others = watchOthers();
    const pids = [subject.program.pid];
    note('  first push …');
    const start = { at: monotonicNow(), cpu: cpuSeconds(pids) };
    const connected = simulator.connect(quietMs);
    const letInSeconds = ((await untilLetIn(subject, size.proxies)) - start.at) / 1000;
    const { at, bytes } = await connected;
    const seconds = (Math.max(...at) - start.at) / 1000;
    const firstPush = {
      letInSeconds,
      seconds,
      cpuSeconds: cpuSeconds(pids) - start.cpu,
      bytes,
      broken: simulator.lost.count,
    };
    const pushed = residentBytes(pids);
    const { lost } = simulator;
    if (lost.count > 0) note(`  ${lost.count} streams broke and were opened again: ${lost.last}`);
    let most = pushed;
    const running: Running = { subject, simulator, size };
    const repeat = async (what: string, change: Change): Promise<ChangeFigures> => {
      note(`  ${what} …`);
      const figures = await measureChanges(running, changes, change);
      most = Math.max(most, residentBytes(pids));
      return figures;
    };
    return {
      size,
      firstPush,
      route: await repeat('a VirtualService', routeChange(size)),
      endpoint: await repeat('an endpoint', endpointChange(size)),
      workloadEntry: await repeat('a WorkloadEntry', workloadEntryChange(size)),
      resident: { pushed, most },
      others: others(),
    };
  } finally {
    await simulator?.program.stop();
    await subject?.program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** When so many handshakes had ended well. */
async function untilLetIn(subject: Subject, proxies: number): Promise<number> {
  while ((await subject.counter('tulle_handshakes_total')) < proxies) await pause(100);
  return monotonicNow();
}

interface Running {
  readonly subject: Subject;
  readonly simulator: Simulator;
  readonly size: Size;
}

/** What to ask of the API for the nth time, and what proxies get by it. */
type Change = (nth: number) => {
  readonly path: string;
  readonly body: unknown;
  readonly watch: Parameters<Simulator['watch']>[0];
};

async function measureChanges(
  { subject, simulator }: Running,
  count: number,
  change: Change,
): Promise<ChangeFigures> {
  const pids = [subject.program.pid];
  const latencies: number[] = [];
  let bytes = 0;
  let proxies = 0;
  const counters = (): Promise<number[]> =>
    Promise.all(stages.map((stage) => subject.counter(`tulle_push_milliseconds_total{stage="${stage}"}`)));
  let before = { cpu: 0, stages: [0, 0, 0, 0] };
  for (let nth = 0; nth < warmUp + count; nth++) {
    if (nth === warmUp) before = { cpu: cpuSeconds(pids), stages: await counters() };
    const { path, body, watch } = change(nth);
    const { reached } = await simulator.watch(watch);
    await subject.request('PATCH', path, body);
    const answered = monotonicNow();
    const { at, bytes: received } = await reached;
    if (nth < warmUp) continue;
    latencies.push(Math.max(...at) - answered);
    bytes += received;
    proxies = at.length;
  }
  const after = { cpu: cpuSeconds(pids), stages: await counters() };
  const stage = (index: number): number => ((after.stages[index] ?? 0) - (before.stages[index] ?? 0)) / count;
  return {
    latencies,
    cpuMs: ((after.cpu - before.cpu) * 1000) / count,
    stages: { model: stage(0), compile: stage(1), serialise: stage(2), send: stage(3) },
    bytes: bytes / count,
    proxies,
  };
}

const istio = `/apis/networking.istio.io/v1/namespaces/${namespace}`;

/** The service that is changed: one that routes, and that as many call as any. */
const targetOf = ({ proxies }: Size): number => Math.floor(proxies / 2 / routedEvery) * routedEvery;

/** How many proxies get what belongs to it: all, or those whose declared upstreams reach it. */
const callersOf = (size: Size): number =>
  size.upstreams === 0 ? size.proxies : Math.min(size.upstreams, targetOf(size));

/** Another header in the route of the target. */
const routeChange =
  (size: Size): Change =>
  (nth) => {
    const mark = `change-${nth}.`;
    const { metadata, spec } = virtualService(targetOf(size), mark);
    return {
      path: `${istio}/virtualservices/${metadata.name}`,
      body: { spec },
      watch: {
        type: 'virtualHost',
        name: virtualHostOf(targetOf(size)),
        text: mark,
        proxies: callersOf(size),
      },
    };
  };

/** The target's instance becomes ready or not, as its supervisor says. */
const endpointChange =
  (size: Size): Change =>
  (nth) => ({
    path: `/apis/tulle.dev/v1alpha1/namespaces/${namespace}/registrations/${instanceName(targetOf(size))}/status`,
    body: { status: { ready: nth % 2 === 0 } },
    watch: { type: 'endpoint', name: clusterName(targetOf(size)), text: '', proxies: callersOf(size) },
  });

/** Another weight of an endpoint of the target that has no sidecar. */
const workloadEntryChange =
  (size: Size): Change =>
  (nth) => ({
    path: `${istio}/workloadentries/${workloadEntryName(targetOf(size), 1)}`,
    body: { spec: workloadEntry(targetOf(size), 1, nth + 2).spec },
    watch: { type: 'endpoint', name: clusterName(targetOf(size)), text: '', proxies: callersOf(size) },
  });
