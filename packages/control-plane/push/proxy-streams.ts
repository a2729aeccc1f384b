import type { Clock, Pause } from '@tulle/xds/clock';
import type { Snapshot } from '@tulle/xds/resource';
import { type AdsServer, createAdsServer } from '@tulle/xds/server/ads-server';
import { type AdmittedProxy, admit } from '../discovery/universal/admission.ts';
import { ConnectedProxies } from '../discovery/universal/connected-proxies.ts';
import type { UniversalPlatform } from '../discovery/universal/universal.ts';
import { find } from '../model/instances/instance-list.ts';
import type { Metrics } from '../routes/metrics.ts';
import type { ProgressBook } from '../status/progress.ts';
import type { Mirror } from './mirror.ts';

/** The proxies' ADS streams and who is at their other end. */
export interface ProxyStreams {
  readonly ads: AdsServer;
  readonly proxies: ConnectedProxies;
  publish(proxy: AdmittedProxy, snapshot: Snapshot): void;
}

/** Admits proxies, tells discovery of them, and keeps the book of what each has answered. */
export function createProxyStreams(options: {
  readonly trustDomain: string;
  readonly mirror: Mirror;
  readonly platform: UniversalPlatform;
  readonly progress: ProgressBook;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly log: (message: string) => void;
  readonly onOpen: (proxy: AdmittedProxy) => void;
  readonly onClose: (proxyId: string) => void;
  /** A proxy came, went, accepted or refused something. */
  readonly onProgress: () => void;
}): ProxyStreams {
  const { trustDomain, mirror, platform, progress, metrics, onProgress } = options;
  const workload = (namespace: string, name: string) => mirror.get('Workload', namespace, name);
  const group = (namespace: string, name: string) => mirror.get('WorkloadGroup', namespace, name);
  const registeredLabels = (namespace: string, name: string) =>
    find(platform.instances(), { namespace, name })?.labels;
  const proxies = new ConnectedProxies();
  const ads = createAdsServer({
    clock: options.clock,
    pause: options.pause,
    log: options.log,
    onStage: (stage, milliseconds) => metrics.pushed(stage, milliseconds),
    authenticate(certificate, node) {
      const admission = admit(certificate, node, { trustDomain, workload, group, registeredLabels });
      if (admission.kind === 'refused') return admission;
      proxies.admitted(admission.proxy);
      const { id, notAfter } = admission.proxy;
      return { kind: 'accepted', proxyId: id, until: notAfter };
    },
    onConnect(id) {
      const proxy = proxies.opened(id);
      if (proxy === undefined) return;
      progress.connected(id);
      void platform.opened(proxy.nodeId, proxy.metadata);
      options.onOpen(proxy);
      onProgress();
    },
    onDisconnect(id, reason) {
      const proxy = proxies.closed(id);
      progress.disconnected(id);
      options.onClose(id);
      if (proxy !== undefined) platform.ended(proxy.metadata, reason);
      onProgress();
    },
    onAck(id, type, versions, removed) {
      progress.acknowledged(id, type, versions);
      progress.removed(id, type, removed);
      onProgress();
    },
    onNack(id, type, error, rejected) {
      metrics.add('pilot_total_xds_rejects');
      progress.rejected(id, type, rejected, error.message);
      onProgress();
    },
    onHealth(id, healthy, message) {
      const proxy = proxies.get(id);
      if (proxy !== undefined) platform.reported(proxy.metadata, healthy, message);
    },
  });
  return {
    ads,
    proxies,
    publish({ id }, snapshot) {
      metrics.add('pilot_xds_pushes');
      progress.published(id, snapshot);
      ads.setSnapshot(id, snapshot);
    },
  };
}
