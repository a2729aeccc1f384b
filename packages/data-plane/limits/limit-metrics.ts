import type { Family, MetricRegistry, Slot } from '../telemetry/registry.ts';

/** Of one local rate limit. */
export interface LocalLimitCounters {
  enabled(): void;
  ok(): void;
  rateLimited(): void;
  enforced(): void;
}

/** What limits have counted, as Envoy's `<stat_prefix>.http_local_rate_limit.…` in Prometheus' form. */
export class LimitMetrics {
  readonly #registry: MetricRegistry;
  readonly #families: Readonly<Record<keyof LocalLimitCounters, Family<Slot>>>;

  constructor(registry: MetricRegistry) {
    this.#registry = registry;
    const family = (name: string, help: string): Family<Slot> =>
      registry.counter({
        name: `envoy_http_local_rate_limit_${name}`,
        help,
        labels: ['local_http_ratelimit_prefix'],
      });
    this.#families = {
      enabled: family('enabled', 'Requests that a rate limit has looked at.'),
      ok: family('ok', 'Requests within their limits.'),
      rateLimited: family('rate_limited', 'Requests above a limit, refused or not.'),
      enforced: family('enforced', 'Requests that were refused.'),
    };
  }

  /** Resolved once, when configuration loads. */
  local(prefix: string): LocalLimitCounters {
    const counter = (name: keyof LocalLimitCounters) => {
      const slot = this.#families[name].with(prefix);
      return () => this.#registry.increment(slot);
    };
    return {
      enabled: counter('enabled'),
      ok: counter('ok'),
      rateLimited: counter('rateLimited'),
      enforced: counter('enforced'),
    };
  }
}
