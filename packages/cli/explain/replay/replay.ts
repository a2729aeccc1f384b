import type { Decision, Outcome } from '@tulle/data-plane/explain/decision';
import { EntranceError } from '@tulle/data-plane/explain/entrance';
import type { Explainer } from '@tulle/data-plane/explain/explainer';
import { destinationName } from '../diff/destination-name.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** What a change would have done to the requests of one caller to one service. */
export interface ReplayedPair {
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  /** Expected numbers of requests that go elsewhere; a fraction where weights decide. */
  readonly moves: readonly { readonly before: string; readonly after: string; readonly requests: number }[];
  /** Those that would be answered by the proxy itself where they were not, or with an error. */
  readonly failing: readonly Failing[];
}

export interface Failing {
  readonly answer: string;
  /** How many of them are expected to: all, where chance has no part. */
  readonly expected: number;
  readonly requests: readonly RecordedRequest[];
}

export interface Replayed {
  readonly pairs: readonly ReplayedPair[];
  readonly requests: number;
  /** Routes look at headers that the log does not record. */
  readonly undecided: { readonly requests: number; readonly headers: readonly string[] };
}

/** The same requests under two configurations of their proxy. */
export interface ReplayedProxy {
  /** The proxy's workload. */
  readonly workload: string;
  readonly before: Explainer;
  readonly after: Explainer;
  readonly requests: readonly RecordedRequest[];
}

/** Where an outcome ends: a cluster, or the proxy's own answer. */
interface End {
  readonly name: string;
  readonly fails: boolean;
}

/** Decides each request under both configurations. */
export function replay(proxies: readonly ReplayedProxy[]): Replayed {
  const pairs = new Map<string, PairTotals>();
  const headers = new Set<string>();
  let undecided = 0;
  let requests = 0;
  for (const { workload, before, after, requests: all } of proxies) {
    for (const request of all) {
      requests++;
      const [old, now] = [decided(before, request), decided(after, request)];
      const unknown = [...unknownHeaders(old, request), ...unknownHeaders(now, request)];
      if (unknown.length > 0) {
        undecided++;
        for (const header of unknown) headers.add(header);
        continue;
      }
      const to = serviceOf(old, request);
      const key = `${workload} ${to}`;
      const totals = pairs.get(key) ?? new PairTotals(workload, to);
      pairs.set(key, totals);
      totals.add(request, endsOf(old), endsOf(now));
    }
  }
  return {
    requests,
    pairs: [...pairs.values()].map((totals) => totals.result()),
    undecided: { requests: undecided, headers: [...headers].toSorted() },
  };
}

function decided(explainer: Explainer, { call }: RecordedRequest): Decision | undefined {
  try {
    return explainer.decide(call);
  } catch (error) {
    if (error instanceof EntranceError) return undefined;
    throw error;
  }
}

/** Conditions that were looked at and can't be told. */
function unknownHeaders(decision: Decision | undefined, { knows }: RecordedRequest): string[] {
  return (decision?.routing?.tried ?? []).flatMap(({ route, miss }) => {
    const looked =
      miss === undefined ? route.match.headers : route.match.headers.filter((one) => one === miss);
    return looked.flatMap(({ name }) => (knows(name) ? [] : [name]));
  });
}

function serviceOf(decision: Decision | undefined, { call }: RecordedRequest): string {
  const named = decision?.outcomes.find(({ info }) => info.service !== undefined)?.info.service?.name;
  return named ?? (call.kind === 'http' ? call.authority : call.host);
}

function endsOf(decision: Decision | undefined): Map<string, { share: number; fails: boolean }> {
  const ends = new Map<string, { share: number; fails: boolean }>();
  const add = ({ name, fails }: End, share: number): void => {
    ends.set(name, { fails, share: (ends.get(name)?.share ?? 0) + share });
  };
  if (decision === undefined || decision.outcomes.length === 0)
    add({ name: 'connection closed', fails: true }, 1);
  for (const outcome of decision?.outcomes ?? []) add(endOf(outcome), outcome.share);
  return ends;
}

function endOf({ info, reply }: Outcome): End {
  const { flags } = info;
  const why = flags.length === 0 ? '' : ` (${flags.join(',')})`;
  if (reply !== undefined) return { name: `${reply.status}${why}`, fails: reply.status >= 400 };
  if (info.attempts === 0) return { name: `connection closed${why}`, fails: true };
  return { name: destinationName(info.cluster), fails: false };
}

type Ends = ReturnType<typeof endsOf>;

class PairTotals {
  readonly #from: string;
  readonly #to: string;
  #requests = 0;
  readonly #moves = new Map<string, { before: string; after: string; requests: number }>();
  readonly #failing = new Map<string, { readonly requests: RecordedRequest[]; expected: number }>();

  constructor(from: string, to: string) {
    this.#from = from;
    this.#to = to;
  }

  /** What leaves one end spreads over those that gain, in proportion: nothing moves that need not. */
  add(request: RecordedRequest, before: Ends, after: Ends): void {
    this.#requests++;
    const change = (name: string): number => (after.get(name)?.share ?? 0) - (before.get(name)?.share ?? 0);
    const names = [...new Set([...before.keys(), ...after.keys()])];
    const gaining = names.filter((name) => change(name) > 1e-9);
    const gained = gaining.reduce((sum, name) => sum + change(name), 0);
    for (const from of names.filter((name) => change(name) < -1e-9)) {
      for (const to of gaining) {
        const key = `${from}\n${to}`;
        const move = this.#moves.get(key) ?? { before: from, after: to, requests: 0 };
        move.requests += (-change(from) * change(to)) / gained;
        this.#moves.set(key, move);
      }
    }
    for (const name of gaining) {
      if (after.get(name)?.fails !== true) continue;
      const failing = this.#failing.get(name) ?? { requests: [], expected: 0 };
      failing.requests.push(request);
      failing.expected += change(name);
      this.#failing.set(name, failing);
    }
  }

  result(): ReplayedPair {
    return {
      from: this.#from,
      to: this.#to,
      requests: this.#requests,
      moves: [...this.#moves.values()].toSorted((a, b) => b.requests - a.requests),
      failing: [...this.#failing].map(([answer, some]) => ({ answer, ...some })),
    };
  }
}
