import { AdsClient, type Update } from '@tulle/xds/client/ads-client';
import type { GrpcConnection, TlsIdentity } from '@tulle/xds/client/transport';
import { formatNodeId, type ProxyMetadata } from '@tulle/xds/node';
import type { XdsType } from '@tulle/xds/resource';

export interface SimulatedProxyOptions {
  readonly metadata: ProxyMetadata;
  readonly tls: TlsIdentity;
  readonly connect: (tls: TlsIdentity) => GrpcConnection;
  /** Each update, which is acknowledged when this returns. */
  readonly onUpdate: (update: Update) => void;
  readonly onBytes: (count: number) => void;
  readonly onLost: (message: string) => void;
}

/** The configuration stream of a sidecar: takes everything and asks for what it leads to; it keeps names only. */
export class SimulatedProxy {
  readonly #options: SimulatedProxyOptions;
  readonly #client: AdsClient;
  /** Clusters with endpoints of their own. */
  readonly #discovered = new Set<string>();
  readonly #received = { endpoint: new Set<string>(), listener: 0, route: 0, virtualHosts: false };

  constructor(options: SimulatedProxyOptions) {
    this.#options = options;
    const { metadata } = options;
    const { NAME, NAMESPACE, TULLE_OUTBOUND } = metadata;
    this.#client = new AdsClient({
      node: {
        id: formatNodeId('sidecar', '127.0.0.1', NAME, NAMESPACE),
        cluster: `${NAME}.${NAMESPACE}`,
        metadata: JSON.parse(JSON.stringify(metadata)),
      },
      connect: () => counted(options.connect(options.tls), options.onBytes),
      onUpdate: (update) => this.#take(update),
      onConnection: (state) => {
        if (state.kind === 'disconnected') options.onLost(`${NAME}: ${state.status.message}`);
      },
    });
    for (const type of ['cluster', 'listener'] as const) this.#client.subscribe(type, '*');
    const tables = TULLE_OUTBOUND.upstreams.map(({ host, port }) => `${host}:${port}`);
    this.#client.subscribe('route', new Set(['http_proxy', ...tables]));
    this.#client.subscribe('virtualHost', new Set(['http_proxy']));
    this.#client.subscribe('secret', new Set(['ROOTCA']));
  }

  start(): void {
    this.#client.start();
  }

  /** It has all that it asked for: virtual hosts come last. */
  get complete(): boolean {
    const { endpoint, listener, route, virtualHosts } = this.#received;
    return virtualHosts && route > 0 && listener > 0 && endpoint.size >= this.#discovered.size;
  }

  #take(update: Update): [] {
    const { type, resources, removed } = update;
    if (type === 'cluster') {
      for (const { name } of resources) if (name.startsWith('outbound|')) this.#discovered.add(name);
      for (const name of removed) this.#discovered.delete(name);
      this.#client.subscribe('endpoint', new Set(this.#discovered));
    } else if (type === 'endpoint') for (const { name } of resources) this.#received.endpoint.add(name);
    else if (type === 'virtualHost') this.#received.virtualHosts ||= removed.includes('http_proxy');
    else if (isCounted(type)) this.#received[type] += resources.length;
    this.#options.onUpdate(update);
    return [];
  }

  close(): Promise<void> {
    return this.#client.close(false);
  }
}

const isCounted = (type: XdsType): type is 'listener' | 'route' => type === 'listener' || type === 'route';

/** The same connection; what comes is counted. */
function counted(connection: GrpcConnection, onBytes: (count: number) => void): GrpcConnection {
  return {
    open: (path, metadata, handler) =>
      connection.open(path, metadata, {
        onMessage: (message) => {
          onBytes(message.length);
          handler.onMessage(message);
        },
        onEnd: (status) => handler.onEnd(status),
      }),
    close: () => connection.close(),
  };
}
