import { formatAuthority, isSocketPath } from '@tulle/decision/authority';
import type { Host } from '@tulle/decision/balance/balancer';
import type { Reported } from '@tulle/decision/balance/utilization';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type { Target } from './connector.ts';
import type { HttpPool } from './pool/pool.ts';
import { chooseTransport, type Transport } from './transport.ts';

/** Counters of one endpoint, as Envoy's `/clusters` names them. */
export interface EndpointCounters {
  connections: number;
  connectionsTotal: number;
  /** Of these, by the protocol of their requests; connections of TCP have none. */
  http1Total: number;
  http2Total: number;
  connectFailures: number;
  requestsTotal: number;
  requestsSucceeded: number;
  requestsFailed: number;
  timeouts: number;
}

/** An endpoint while it is in use: what the control plane says of it, and what it has earned here. */
export class EndpointState implements Host {
  readonly key: string;
  readonly target: Target;
  config: Endpoint;
  active = 0;
  /** Since when it is ready, on the timers' clock, milliseconds; negative: it is not. */
  since = -1;
  ejected = false;
  /** Times ejected, forgotten one by one while it behaves: each makes the next ejection longer. */
  ejections = 0;
  ejectedAt = 0;
  /** What it has reported of its load, where that counts. */
  reported: Reported | undefined = undefined;
  /** Its weight by reports, its own and others'; 0: there are none. */
  reportedWeight = 0;
  consecutive5xx = 0;
  consecutiveGatewayErrors = 0;
  consecutiveLocalFailures = 0;
  /** Active checks say that it does not serve, or have not said yet that it does. */
  failedCheck = false;
  /** No active check has ended yet. */
  pendingCheck = false;
  /** Removed from its cluster; lives until its last request ends. */
  gone = false;
  /** By transport, protocol and priority: usually one. */
  readonly pools = new Map<string, HttpPool>();
  readonly counters: EndpointCounters = {
    connections: 0,
    connectionsTotal: 0,
    http1Total: 0,
    http2Total: 0,
    connectFailures: 0,
    requestsTotal: 0,
    requestsSucceeded: 0,
    requestsFailed: 0,
    timeouts: 0,
  };

  #transport: Transport | undefined = undefined;
  #chosenFor: Endpoint | undefined = undefined;
  #chosenBy: Cluster | undefined = undefined;

  constructor(config: Endpoint, target: Target = targetOf(config)) {
    this.config = config;
    this.key = formatAuthority(config.address, config.port);
    this.target = target;
  }

  get weight(): number {
    if (this.reportedWeight > 0) return this.reportedWeight;
    return this.config.weight > 0 ? this.config.weight : 1;
  }

  get priority(): number {
    return this.config.priority;
  }

  get locality(): string {
    return this.config.locality;
  }

  get localityWeight(): number {
    return this.config.localityWeight;
  }

  /** Says of itself, or to who checks it, that it serves. */
  get ready(): boolean {
    return !this.failedCheck && this.config.health === 'healthy';
  }

  get healthy(): boolean {
    return !this.ejected && this.ready;
  }

  /** As `chooseTransport`, remembered while neither side's configuration changes. */
  transportOf(cluster: Cluster): Transport {
    if (this.#transport === undefined || this.#chosenFor !== this.config || this.#chosenBy !== cluster) {
      this.#transport = chooseTransport(cluster, this.config);
      this.#chosenFor = this.config;
      this.#chosenBy = cluster;
    }
    return this.#transport;
  }

  drain(): void {
    this.gone = true;
    for (const pool of this.pools.values()) pool.drain();
  }
}

function targetOf({ address, port }: Endpoint): Target {
  return isSocketPath(address) ? { path: address } : { host: address, port };
}
