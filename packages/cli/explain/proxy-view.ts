import type { ProxyDescription } from '@tulle/control-plane/compile/proxy';
import type { Model } from '@tulle/control-plane/model/model';
import { type ResourcesPage, readResources } from '@tulle/data-plane/admin/resources';
import type { RawResources } from '@tulle/data-plane/config/last-good';
import {
  type LiveClusters,
  type LiveEndpoint,
  tablesOf,
  withLive,
} from '@tulle/data-plane/explain/configured';
import type { DryNode } from '@tulle/data-plane/explain/dry-proxy';
import type { Explained } from '@tulle/data-plane/explain/explain';
import { Explainer } from '@tulle/data-plane/explain/explainer';
import { Sources } from '@tulle/data-plane/explain/sources';
import type { XdsType } from '@tulle/xds/resource';
import { isObject, list, readConfigDump, text } from '../api/config-dump.ts';
import type { ProxyStatus, ProxyTypeStatus } from '../api/proxies.ts';
import { askProxy } from '../api/proxy-admin.ts';
import { readEnvoyConfig } from './envoy-config.ts';
import { describeRunning } from './live-mesh.ts';
import { resourcesOf } from './mesh-model.ts';

/** A proxy, ready to be asked what it does. */
export interface ProxyView extends Explained {
  readonly name: string;
  readonly namespace: string;
  /** What the explanation does not know or the proxy does not have yet, for people. */
  readonly notes: readonly string[];
}

/** As its control plane would have it. */
export function compiledView(model: Model, proxy: ProxyDescription): ProxyView {
  return viewOf(resourcesOf(model, proxy), proxy, undefined);
}

/**
 * As it really is: what it has accepted, and what it knows of its endpoints.
 * @throws Failure when its admin endpoint does not answer
 */
export async function runningView(proxy: ProxyStatus): Promise<ProxyView> {
  const view = await (proxy.engine === 'tulle' ? ourView(proxy) : envoyView(proxy));
  return { ...view, notes: [...lagsOf(proxy), ...view.notes] };
}

async function ourView(proxy: ProxyStatus): Promise<ProxyView> {
  const [page, clusters, described] = await Promise.all([
    askProxy(proxy, '/resources'),
    askProxy(proxy, '/clusters?format=json'),
    describeRunning(proxy),
  ]);
  return viewOf(readResources(page as ResourcesPage), described, readClusters(clusters));
}

/** An Envoy's is explained as far as our engine has words for it. */
async function envoyView(proxy: ProxyStatus): Promise<ProxyView> {
  const [dump, clusters, described] = await Promise.all([
    askProxy(proxy, '/config_dump?include_eds'),
    askProxy(proxy, '/clusters?format=json'),
    describeRunning(proxy),
  ]);
  const { resources, leftOut } = readEnvoyConfig(readConfigDump(dump, 'dynamic'));
  const view = viewOf(resources, described, readClusters(clusters));
  return { ...view, notes: [...view.notes, ...leftOut.map((what) => `not taken into account: ${what}`)] };
}

/** Where a proxy does not have what the control plane has for it: what it has is explained. */
function lagsOf({ metadata, types }: ProxyStatus): string[] {
  const proxy = `${metadata.name}.${metadata.namespace}`;
  return (Object.entries(types) as [XdsType, ProxyTypeStatus][]).flatMap(
    ([type, { subscribed, synced, nack }]) => {
      if (nack !== undefined)
        return [
          `${proxy} has refused ${type} ${nack.resources.join(', ')}, and keeps what it had: ${nack.message}`,
        ];
      return subscribed && !synced ? [`${proxy} does not have the newest ${type} configuration yet`] : [];
    },
  );
}

function viewOf(resources: RawResources, proxy: ProxyDescription, live: LiveClusters | undefined): ProxyView {
  const accepted = tablesOf(resources);
  const tables = live === undefined ? accepted : withLive(accepted, live);
  const { id, role, metadata, identity } = proxy;
  const trustDomain = /^spiffe:\/\/([^/]+)\//.exec(identity)?.[1] ?? '';
  const node: DryNode = { id, role, metadata, trustDomain, uri: identity };
  return {
    name: metadata.NAME,
    namespace: metadata.NAMESPACE,
    explainer: new Explainer(tables, node),
    sources: new Sources(tables, resources),
    notes: [],
    ...(live === undefined ? {} : { live }),
  };
}

/** `/clusters?format=json`, ours or Envoy's. */
function readClusters(answer: unknown): LiveClusters {
  return new Map(
    list(answer, 'cluster_statuses').map((cluster) => [
      text(cluster, 'name'),
      list(cluster, 'host_statuses').map(
        (host): LiveEndpoint => ({
          address:
            text(host, 'address', 'socket_address', 'address') || text(host, 'address', 'pipe', 'path'),
          port: Number(text(host, 'address', 'socket_address', 'port_value') || 0),
          failing: failingOf(host.health_status),
          active: Number(list(host, 'stats').find(({ name }) => name === 'rq_active')?.value ?? 0),
        }),
      ),
    ]),
  );
}

/** Envoy's names in words; what the control plane says is known already. */
const failures: Readonly<Record<string, string>> = {
  failed_outlier_check: 'ejected',
  failed_active_health_check: 'fails its health check',
  pending_dynamic_removal: 'about to go',
  excluded_via_immediate_hc_fail: 'has asked to be left out',
};

function failingOf(status: unknown): string {
  if (!isObject(status)) return '';
  return Object.entries(failures)
    .flatMap(([flag, words]) => (status[flag] === true ? [words] : []))
    .join(', ');
}
