import { get } from 'node:http';
import { addTraffic, NO_TRAFFIC, readTraffic, type TrafficTotals, trafficSince } from './metrics.ts';

/** A proxy to read from. */
export interface MeteredProxy {
  readonly instance: string;
  /** Proxies of one group are counted together: a workload's instances. */
  readonly group: string;
  readonly adminPort: number;
  readonly reporter: 'destination' | 'source';
}

export interface TrafficRate {
  /** Traffic of the window. */
  readonly traffic: TrafficTotals;
  readonly seconds: number;
}

/** Rates are averaged over this many readings, so that they stay readable. */
const WINDOW = 5;
const TIMEOUT_MS = 800;

/** Reads the proxies' counters in turn and keeps the rates of the last few readings, by group. */
export class TrafficMeter {
  readonly #last = new Map<string, TrafficTotals>();
  readonly #windows = new Map<string, { at: number; traffic: TrafficTotals; seconds: number }[]>();
  readonly #fetch: (port: number) => Promise<string | undefined>;
  readonly #now: () => number;
  #readAt: number | undefined;

  constructor(now: () => number, fetch: (port: number) => Promise<string | undefined> = fetchMetrics) {
    this.#now = now;
    this.#fetch = fetch;
  }

  async read(proxies: readonly MeteredProxy[]): Promise<void> {
    const texts = await Promise.all(proxies.map(({ adminPort }) => this.#fetch(adminPort)));
    const at = this.#now();
    const seconds = this.#readAt === undefined ? 0 : (at - this.#readAt) / 1000;
    this.#readAt = at;
    const groups = new Map<string, TrafficTotals>();
    for (const [index, { instance, group, reporter }] of proxies.entries()) {
      const text = texts[index];
      if (text === undefined) continue;
      const totals = readTraffic(text, reporter);
      const before = this.#last.get(instance);
      this.#last.set(instance, totals);
      if (before !== undefined) {
        groups.set(group, addTraffic(groups.get(group) ?? NO_TRAFFIC, trafficSince(before, totals)));
      }
    }
    for (const [group, traffic] of groups) {
      const window = this.#windows.get(group) ?? [];
      window.push({ at, traffic, seconds });
      if (window.length > WINDOW) window.shift();
      this.#windows.set(group, window);
    }
  }

  rate(group: string): TrafficRate | undefined {
    const window = this.#windows.get(group);
    if (window === undefined || window.length === 0) return undefined;
    return {
      traffic: window.map(({ traffic }) => traffic).reduce(addTraffic, NO_TRAFFIC),
      seconds: window.reduce((sum, { seconds }) => sum + seconds, 0),
    };
  }
}

function fetchMetrics(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/stats/prometheus', timeout: TIMEOUT_MS },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve(response.statusCode === 200 ? Buffer.concat(parts).toString() : undefined),
        );
        response.on('error', () => resolve(undefined));
      },
    );
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}
