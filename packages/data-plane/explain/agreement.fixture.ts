import { testAuthority } from '@tulle/xds/test-authority.fixture';
import fc from 'fast-check';
import type { StreamInfo } from '../http/stream-info.ts';
import { backend } from '../testing/backend.ts';
import { metadata, portOf, startEngine } from '../testing/engine.ts';
import * as make from '../testing/tables.ts';
import type { Call } from './call.ts';
import type { Decision, Outcome } from './decision.ts';
import { Explainer } from './explainer.ts';
import { callOf } from './generated-calls.fixture.ts';
import { type Scene, sceneOf, tablesOf } from './generated-tables.fixture.ts';
import { callLive, endsOf, type LiveAnswer } from './live-call.fixture.ts';

/** What a live proxy did, or may do, in words. */
const httpFacts = (info: StreamInfo, status: number, grpcStatus: string): string =>
  JSON.stringify({
    route: info.routeName,
    virtualHost: info.virtualHost,
    cluster: info.cluster,
    details: info.details,
    flags: info.flags.join(),
    status,
    grpcStatus,
  });
/** Of bytes: who hangs up first is nobody's decision. */
const bytesFacts = (info: StreamInfo): string =>
  JSON.stringify({
    route: info.routeName,
    cluster: info.cluster,
    flags: info.flags.filter((flag) => flag !== 'DC' && flag !== 'UC').join(),
  });
const closed = 'closed';
/** Nothing is logged for so long: then nothing will be. */
const patienceMs = 60_000;

/** What a live proxy may do: one of these. The endpoint's own answer is 200 here. */
function expected({ outcomes, routing, chain }: Decision): string[] {
  if (outcomes.length === 0) return [closed];
  const isHttp = chain?.filter.kind === 'http' && routing?.tunnel !== true;
  return outcomes.map((outcome) => (isHttp ? ofHttp(outcome) : bytesFacts(outcome.info)));
}

function ofHttp({ info, reply }: Outcome): string {
  const details = reply === undefined ? 'via_upstream' : info.details;
  const grpcStatus = reply?.headers.get('grpc-status') ?? '';
  return httpFacts({ ...info, details } as StreamInfo, reply?.status ?? 200, grpcStatus);
}

export interface Agreement {
  readonly pairs: number;
  /** Of these pairs: by protocol and kind of proxy. */
  readonly kinds: ReadonlyMap<string, number>;
  /** That came to a route or a cluster. */
  readonly routed: number;
  /** In words, with what shows them again. */
  readonly disagreements: readonly string[];
}

/** What a proxy has logged, by connection: a client's port may serve for several listeners at once. */
class Logged {
  readonly #http = new Map<string, StreamInfo>();
  readonly #bytes = new Map<string, StreamInfo>();
  readonly #wanted = new Map<string, () => void>();

  http(info: StreamInfo): void {
    this.#take(this.#http, info);
  }

  bytes(info: StreamInfo): void {
    this.#take(this.#bytes, info);
  }

  /** What connections of before still log is nobody's: their ports are used again. */
  clear(): void {
    for (const map of [this.#http, this.#bytes, this.#wanted]) map.clear();
  }

  #take(into: Map<string, StreamInfo>, info: StreamInfo): void {
    const { remoteAddress, remotePort, localPort } = info.connection;
    const ends = endsOf(remoteAddress, remotePort, localPort);
    into.set(ends, info);
    this.#wanted.get(ends)?.();
  }

  /** Of the call, once it is logged; what a refused connection logs, if it does, is not waited for. */
  async of({ ends, status, grpcStatus }: LiveAnswer, isClosed: boolean): Promise<string> {
    const has = (): boolean => this.#http.has(ends) || this.#bytes.has(ends);
    if (!has() && !isClosed) {
      const patience = setTimeout(() => this.#wanted.get(ends)?.(), patienceMs);
      await new Promise<void>((resolve) => {
        this.#wanted.set(ends, resolve);
      });
      clearTimeout(patience);
    }
    const bytes = this.#bytes.get(ends);
    const http = this.#http.get(ends);
    for (const map of [this.#bytes, this.#http, this.#wanted]) map.delete(ends);
    if (bytes !== undefined) return bytesFacts(bytes);
    return http === undefined || status === undefined ? closed : httpFacts(http, status, grpcStatus);
  }
}

const kindOf = (call: Call, { role }: Scene): string => {
  if (call.kind !== 'http') return `${call.kind} ${role}`;
  const grpc = call.headers.has('content-type') ? 'gRPC' : call.protocol;
  return `${grpc} ${role}`;
};

const node = {
  id: 'sidecar~127.0.0.1~test-0.default~x',
  metadata,
  trustDomain: 'cluster.local',
  uri: '',
} as const;

/**
 * Pairs of configuration and call, run through a live proxy and through its explanation.
 *
 * @param seed of fast-check's generators
 */
export async function compare(configurations: number, callsEach: number, seed: number): Promise<Agreement> {
  const server = await backend((_, response) => response.end('ok'));
  const authority = await testAuthority();
  const certificate = await authority.issue({ dnsNames: ['one', 'two', '*.two', 'three'] });
  const logged = new Logged();
  const engine = await startEngine(make.tables({}), {
    observe: {
      httpLoggers: () => [(info) => logged.http(info)],
      tcpLoggers: () => [(info) => logged.bytes(info)],
    },
  });
  const disagreements: string[] = [];
  const kinds = new Map<string, number>();
  let routed = 0;
  try {
    for (let at = 0; at < configurations; at++) {
      const [scene] = fc.sample(sceneOf, { numRuns: 1, seed: seed + at }) as [Scene];
      const tables = tablesOf(scene, server.port, certificate);
      await engine.apply(tables);
      logged.clear();
      const explainer = new Explainer(tables, { ...node, role: scene.role });
      const calls = fc.sample(callOf(scene), { numRuns: callsEach, seed: seed + at });
      await Promise.all(
        calls.map(async (call, nth) => {
          const decision = explainer.decide(call);
          const told = expected(decision);
          const { viaProxy } = decision.entrance;
          const port = portOf(engine, call.listener ?? '');
          const answer = await callLive(call, { port, viaProxy, headers: {} });
          const live = await logged.of(answer, told.includes(closed));
          if (live !== closed) routed++;
          const kind = kindOf(call, scene);
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
          if (!told.includes(live))
            disagreements.push(
              `seed ${seed + at}, call ${nth} (${kind} at ${call.listener}): live ${live}, told ${told.join(' or ')}`,
            );
        }),
      );
    }
  } finally {
    engine.destroy();
    await server.close();
  }
  return { pairs: configurations * callsEach, kinds, routed, disagreements };
}
