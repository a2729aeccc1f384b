import type { BreakerLimits } from '@tulle/decision/tables';

/** One resource that a circuit breaker counts. */
export class Gauge {
  value = 0;
  /** Times that the limit said no. */
  refused = 0;
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get full(): boolean {
    return this.value >= this.limit;
  }

  /** False: above the limit, nothing was taken. */
  take(): boolean {
    if (this.full) {
      this.refused++;
      return false;
    }
    this.value++;
    return true;
  }

  release(): void {
    this.value--;
  }
}

/** A cluster's circuit breaker of one priority. Counts live on when limits change. */
export class Breakers {
  readonly connections: Gauge;
  readonly pending: Gauge;
  readonly requests: Gauge;
  readonly retries: Gauge;

  constructor(limits: BreakerLimits) {
    this.connections = new Gauge(limits.connections);
    this.pending = new Gauge(limits.pending);
    this.requests = new Gauge(limits.requests);
    this.retries = new Gauge(limits.retries);
  }

  setLimits(limits: BreakerLimits): void {
    this.connections.limit = limits.connections;
    this.pending.limit = limits.pending;
    this.requests.limit = limits.requests;
    this.retries.limit = limits.retries;
  }
}
