import { kinds } from '@tulle/resources/kinds';
import type { Clock } from '@tulle/xds/clock';
import { openServingCertificate } from '../api/front/serving-certificate.ts';
import { type ApiServer, createApiServer } from '../api/server.ts';
import type { Resources } from '../api/writer/resources.ts';
import type { HandshakeGate } from '../handshakes/gate.ts';
import type { EnrolmentTokens } from '../identity/enrolment.ts';
import type { ProxyStreams } from '../push/proxy-streams.ts';
import type { Publisher } from '../push/publisher.ts';
import { enrolmentRoutes } from '../routes/enrolment.ts';
import { type Metrics, metricsRoute } from '../routes/metrics.ts';
import { proxiesRoute, proxyStatus } from '../routes/proxies.ts';
import type { Store } from '../store/store.ts';
import { openApiToken, writeKubeconfig } from './access.ts';
import { bindPreferred } from './last-ports.ts';

export interface StartApiOptions {
  readonly mesh: string;
  readonly stateDir: string;
  readonly address: string;
  /** That one or none; 0: `preferred` if it is free, else any. */
  readonly port: number;
  readonly preferred: number;
  readonly store: Store;
  readonly resources: Resources;
  readonly tokens: EnrolmentTokens;
  readonly streams: ProxyStreams;
  readonly publisher: Publisher;
  readonly metrics: Metrics;
  readonly gate: HandshakeGate;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
}

/**
 * The API with the control plane's own routes, and the kubeconfig that leads to it.
 * @throws the socket's error (EADDRINUSE) when the given port is taken
 */
export async function startApi(options: StartApiOptions): Promise<ApiServer> {
  const { store, resources, tokens, clock, log, mesh, stateDir } = options;
  const { ads, proxies } = options.streams;
  const token = openApiToken(stateDir);
  const tls = await openServingCertificate(stateDir, { clock, address: options.address });
  const items = () =>
    ads.sessions().flatMap((session) => {
      const proxy = proxies.get(session.proxyId);
      return proxy === undefined ? [] : [proxyStatus(session, proxy, clock.now())];
    });
  const listen = async (port: number): Promise<ApiServer> => {
    const server = createApiServer({
      store,
      kinds,
      token,
      clock,
      tls,
      log,
      resources,
      routes(app) {
        enrolmentRoutes(app, { store, tokens });
        proxiesRoute(app, items);
        metricsRoute(app, options.metrics, options.gate, () => ({
          pilot_xds: proxies.size,
          pilot_services: options.publisher.model.config.services.all.length,
          tulle_instances: options.publisher.model.instances.all.length,
          process_resident_memory_bytes: process.memoryUsage.rss(),
        }));
      },
    });
    await server.listen(port, options.address);
    return server;
  };
  const server =
    options.port > 0 ? await listen(options.port) : await bindPreferred(options.preferred, listen);
  writeKubeconfig(stateDir, { mesh, url: server.url, token, certPem: tls.certPem });
  return server;
}
