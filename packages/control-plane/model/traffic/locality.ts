import type {
  LoadBalancer,
  LocalityLbSetting,
  PolicySettings,
  TrafficPolicySpec,
  ZoneAwareLbSetting,
} from '../istio.ts';

type Labels = Readonly<Record<string, string>>;

/** What a locality, a network and a cluster are called where labels are compared (Kubernetes and Istio). */
const region = 'topology.kubernetes.io/region';
const zone = 'topology.kubernetes.io/zone';
const subzone = 'topology.istio.io/subzone';
const localityLabels = [region, zone, subzone];
export const networkLabel = 'topology.istio.io/network';

/** Where something runs. */
export interface Place {
  /** `region/zone/subzone`, or empty. */
  readonly locality: string;
  readonly network: string;
  readonly cluster: string;
}

/** Labels, and with them where the labelled runs, which wins. */
export function withTopology(labels: Labels, { locality, network, cluster }: Place): Labels {
  const names = locality.split('/');
  const known = [
    ...localityLabels.map((name, i) => [name, names[i] ?? ''] as const),
    [networkLabel, network] as const,
    ['topology.istio.io/cluster', cluster] as const,
  ].filter(([, value]) => value !== '');
  return { ...labels, ...Object.fromEntries(known) };
}

/** `region/zone/subzone` of labels that `withTopology` has made. */
export const localityOf = (labels: Labels): string =>
  localityLabels
    .map((name) => labels[name] ?? '')
    .join('/')
    .replace(/\/+$/, '');

/** What of a rule, or of the mesh, is about localities. */
export type LocalitySettings = Pick<LoadBalancer, 'localityLbSetting' | 'zoneAwareLbSetting'>;

/** How localities count for a cluster. */
export type LocalityPolicy =
  | ({ readonly kind: 'locality' } & LocalityLbSetting)
  | ({ readonly kind: 'zone' } & ZoneAwareLbSetting);

/**
 * The locality setting that holds for a cluster: the rule's own as a whole, else the mesh's (Istio); that of zones
 * before the other, if it is not switched off. Istio has them work only beside outlier detection, without which its proxies know of no
 * endpoint that is ill; ours are told of readiness, so whatever is written works. What nobody has written, Istio's
 * default `enabled: true`, needs it here too.
 */
export function localityPolicy(
  { loadBalancer, outlierDetection }: PolicySettings,
  ofMesh: LocalitySettings,
): LocalityPolicy | undefined {
  const { localityLbSetting: own, zoneAwareLbSetting: ownZones } = loadBalancer ?? {};
  const zones = ownZones ?? (own === undefined ? ofMesh.zoneAwareLbSetting : undefined);
  if (zones !== undefined && zones.enabled !== false) return { kind: 'zone', ...zones };
  const setting = own ?? ofMesh.localityLbSetting ?? (outlierDetection && {});
  return setting === undefined || setting.enabled === false ? undefined : { kind: 'locality', ...setting };
}

/** `label` or `label=value` of a failover priority. */
export function priorityLabel(text: string): { readonly name: string; readonly value: string | undefined } {
  const [name = '', value] = text.split('=');
  return { name, value };
}

/** Names of the labels of a client that its clusters depend on under a setting. Of zones the proxy knows itself. */
const labelsReadBy = ({ kind, failoverPriority = [] }: LocalityPolicy): readonly string[] => [
  ...(kind === 'zone' ? [region] : localityLabels),
  ...failoverPriority.map((text) => priorityLabel(text).name),
];

/** The same of all settings of a policy. */
export function labelsOfPolicy(policy: TrafficPolicySpec | undefined): readonly string[] {
  return [...(policy === undefined ? [] : [policy]), ...(policy?.portLevelSettings ?? [])].flatMap(
    (settings) => labelsReadUnder(settings, {}),
  );
}

function labelsReadUnder(settings: PolicySettings, ofMesh: LocalitySettings): readonly string[] {
  const policy = localityPolicy(settings, ofMesh);
  return policy === undefined ? [] : labelsReadBy(policy);
}

/** The same of the mesh's own. A rule may switch off what zones say: then the other counts. */
export const labelsOfMesh = (ofMesh: LocalitySettings): readonly string[] => [
  ...labelsReadUnder({}, ofMesh),
  ...labelsReadUnder({ loadBalancer: { zoneAwareLbSetting: { enabled: false } } }, ofMesh),
];
