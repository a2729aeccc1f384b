import type { WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { StreamInfo } from '../../http/stream-info.ts';
import type { IstioMetrics, IstioPair } from '../../telemetry/istio-metrics.ts';

export interface PairOptions {
  readonly metrics: IstioMetrics;
  readonly reporter: 'source' | 'destination';
  readonly self: WorkloadLabels;
  /** Our own SPIFFE ID. */
  readonly uri: string;
}

/** More pairs than this are not kept apart for long: a client's Host field may name anything. */
const mostPairs = 2_000;
/** Clusters that are not a service; their name stands for one, as Istio's. */
const nameless: ReadonlySet<string> = new Set([
  'PassthroughCluster',
  'BlackHoleCluster',
  'InboundPassthroughCluster',
]);

/** What told the last pair apart. */
interface LastPair {
  readonly peer: WorkloadLabels | undefined;
  readonly host: string;
  readonly name: string;
  readonly principal: string;
  readonly pair: IstioPair;
}

/** The series of the traffic between this proxy and each of its peers, found by what tells them apart. */
export class Pairs {
  readonly #options: PairOptions;
  readonly #strangers = new Map<string, IstioPair>();
  #last: LastPair | undefined = undefined;
  #byPeer = new WeakMap<WorkloadLabels, Map<string, IstioPair>>();

  constructor(options: PairOptions) {
    this.#options = options;
  }

  /** `host`: what stands for the service when the cluster is none; empty: nothing. */
  of(info: StreamInfo, host: string): IstioPair {
    const { reporter } = this.#options;
    const peerPrincipal =
      (reporter === 'destination' ? info.connection.tls?.peerUri : info.upstreamPeerUri) ?? '';
    const serviceHost = info.service?.host ?? host;
    const serviceName = info.service?.name ?? (nameless.has(info.cluster) ? info.cluster : host);
    const last = this.#last;
    // Request after request goes the same way.
    if (
      last !== undefined &&
      last.peer === info.peer &&
      last.host === serviceHost &&
      last.name === serviceName &&
      last.principal === peerPrincipal
    )
      return last.pair;
    const pair = this.#find(info, serviceHost, serviceName, peerPrincipal);
    this.#last = { peer: info.peer, host: serviceHost, name: serviceName, principal: peerPrincipal, pair };
    return pair;
  }

  #find(info: StreamInfo, serviceHost: string, serviceName: string, peerPrincipal: string): IstioPair {
    const { reporter } = this.#options;
    const known = this.#pairsOf(info.peer);
    const key = `${serviceHost} ${serviceName} ${peerPrincipal}`;
    let pair = known.get(key);
    if (pair === undefined) {
      if (known.size >= mostPairs) known.clear();
      const secure = reporter === 'destination' ? peerPrincipal !== '' : info.upstreamTls;
      pair = this.#options.metrics.pair({
        reporter,
        self: this.#options.self,
        peer: info.peer,
        selfPrincipal: secure ? this.#options.uri : '',
        peerPrincipal,
        serviceHost,
        serviceName,
        security: secure ? 'mutual_tls' : 'none',
      });
      known.set(key, pair);
    }
    return pair;
  }

  #pairsOf(peer: WorkloadLabels | undefined): Map<string, IstioPair> {
    if (peer === undefined) return this.#strangers;
    let pairs = this.#byPeer.get(peer);
    if (pairs === undefined) {
      pairs = new Map();
      this.#byPeer.set(peer, pairs);
    }
    return pairs;
  }
}
