import type { MeshSpec } from '@tulle/control-plane/model/mesh/mesh';
import { meshSpecOf } from '@tulle/control-plane/model/mesh/mesh-spec';
import { bySeniority, rootNamespaces, seniorityOf } from '@tulle/control-plane/model/origin';
import { selects } from '@tulle/control-plane/model/selector';
import type { ProxyConfig, ProxyConfigSpec } from '@tulle/resources/istio/proxy-config';
import { findKind } from '@tulle/resources/kinds';
import { parseDuration } from '@tulle/resources/schema/duration';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import type { ApiClient } from '../../api/client.ts';
import { type Informer, startInformer } from '../../api/informer.ts';

type Labels = Readonly<Record<string, string>>;

/** How a proxy is started, as far as its Workload does not say. */
export interface ProxySettings {
  /** Worker processes; 0: one per processor. */
  readonly concurrency: number;
  /** More environment. */
  readonly env: Readonly<Record<string, string>>;
  /** How long connections may go on when it stops. */
  readonly drainSeconds: number;
}

/** Where the mesh's own settings stand. */
type OwnSettings = Pick<NonNullable<Mesh['spec']>, 'concurrency' | 'defaultConfig'>;

/**
 * Istio's precedence, field by field and variable by variable: the ProxyConfig that selects the workload, its
 * namespace's, that of the root namespace, the mesh. Of several of a level the oldest counts.
 */
export function proxySettings(
  configs: Iterable<ProxyConfig>,
  { concurrency, defaultConfig = {} }: OwnSettings,
  namespace: string,
  labels: Labels,
): ProxySettings {
  const written = [...configs]
    .map(({ metadata, spec = {} }) => ({ ...seniorityOf(metadata), spec }))
    .toSorted(bySeniority);
  const wide = (of: string): ProxyConfigSpec | undefined =>
    written.find((one) => one.namespace === of && Object.keys(selectorOf(one.spec)).length === 0)?.spec;
  const own = written.find(({ namespace: of, spec }) => {
    const selector = selectorOf(spec);
    return of === namespace && Object.keys(selector).length > 0 && selects(selector, labels);
  })?.spec;
  const chain = [own, ...[...new Set([namespace, ...rootNamespaces])].map(wide)].filter(
    (spec) => spec !== undefined,
  );
  const drain = parseDuration(defaultConfig.terminationDrainDuration ?? '2s') ?? 2000;
  return {
    concurrency:
      chain.map((spec) => spec.concurrency ?? undefined).find((count) => count !== undefined) ??
      concurrency ??
      defaultConfig.concurrency ??
      1,
    env: Object.assign(
      {},
      defaultConfig.proxyMetadata,
      ...chain.toReversed().map(({ environmentVariables }) => environmentVariables),
    ),
    drainSeconds: drain / 1000,
  };
}

const selectorOf = ({ selector }: ProxyConfigSpec): Labels => selector?.matchLabels ?? {};

/** The settings as the mesh has them at the time of asking: they hold for proxies that start from then on. */
export interface FollowedProxySettings {
  of(namespace: string, labels: Labels): ProxySettings;
  close(): void;
}

/** Follows ProxyConfigs and the mesh’s defaults by watch. Resolves when all have been listed once. */
export async function followProxySettings(client: ApiClient, mesh: string): Promise<FollowedProxySettings> {
  const follow = (apiVersion: string, name: string): Informer => {
    const kind = findKind(apiVersion, name);
    if (kind === undefined) throw new Error(`no kind ${apiVersion} ${name}`);
    return startInformer(client, kind, () => {});
  };
  const configs = follow('networking.istio.io/v1beta1', 'ProxyConfig');
  const meshes = follow('tulle.dev/v1alpha1', 'Mesh');
  const configMaps = follow('v1', 'ConfigMap');
  const informers = [configs, meshes, configMaps];
  await Promise.all(informers.map(({ ready }) => ready));
  return {
    of(namespace, labels) {
      const written = meshes.items.get(`/${mesh}`)?.spec as MeshSpec | undefined;
      const spec = meshSpecOf(written, (of) => configMaps.items.get(`${of}/istio`)) as OwnSettings;
      return proxySettings(configs.items.values() as Iterable<ProxyConfig>, spec, namespace, labels);
    },
    close() {
      for (const informer of informers) informer.close();
    },
  };
}
