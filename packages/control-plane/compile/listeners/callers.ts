import { create, toBinary } from '@bufbuild/protobuf';
import { WorkloadSchema } from '@tulle/xds/gen/istio/workload/workload_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import type { WorkloadIdentity, WorkloadIndex } from '../../model/instances/workloads.ts';
import type { ConfigModel, Model } from '../../model/model.ts';
import { compare } from '../../model/origin.ts';
import { resolveHost } from '../../model/services/host.ts';
import { destinationsOf } from '../../model/traffic/virtual-service.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { named } from '../messages/serialize.ts';
import type { ProxyDescription } from '../proxy.ts';
import type { ServedPort } from '../scope/served-ports.ts';
import { servicesOf, takesBytes } from './inbound.ts';

type Callers = ReadonlyMap<string, XdsResource>;
const nobody: Callers = new Map();

/**
 * The hosts by which a proxy's application is called where its callers' bytes don't say who they are. HTTP carries
 * that itself (peer metadata): a proxy without other ports has none.
 */
export function hostsOfBytes(
  config: ConfigModel,
  proxy: ProxyDescription,
  ports: readonly ServedPort[],
): readonly string[] {
  if (proxy.metadata.TULLE_ENGINE !== 'tulle') return [];
  const hosts = ports
    .filter((port) => takesBytes(config, proxy, port))
    .flatMap((port) => servicesOf(config, proxy, port).map(({ host }) => host));
  return [...new Set(hosts)].toSorted(compare);
}

/** The workloads that may call these hosts: what the metrics of who serves them name their sources by. */
export function callersOf(model: Model, hosts: readonly string[]): Callers {
  const { config, workloads } = model;
  if (hosts.length === 0) return nobody;
  const ofConfig = cached(made, config, () => new WeakMap<WorkloadIndex, Made>());
  const { index, byHosts } = cached(ofConfig, workloads, () => ({
    index: indexCallers(config, workloads),
    byHosts: new Map<string, Callers>(),
  }));
  const resourcesOf = (names: readonly string[]): Callers =>
    new Map(names.map((name) => [name, resourceOf(name, workloads.get(name) as WorkloadIdentity, config)]));
  return cachedByName(byHosts, hosts.join(), () => {
    const declaring = declaringCallers(index, hosts);
    // Whoever nobody declares is called by the same as all others.
    if (declaring.length === 0) return cachedByName(byHosts, '', () => resourcesOf(index.ofAll));
    return resourcesOf([...index.ofAll, ...declaring].toSorted(compare));
  });
}

interface Made {
  readonly index: CallerIndex;
  /** By the hosts of a callee. */
  readonly byHosts: Map<string, Callers>;
}
const made = new WeakMap<ConfigModel, WeakMap<WorkloadIndex, Made>>();

/** Names of workloads: those that call a host by declaration, and those that may call any. */
interface CallerIndex {
  readonly byHost: ReadonlyMap<string, readonly string[]>;
  readonly ofAll: readonly string[];
  /** Hosts that virtual services lead to ⇒ from which: whoever declares one of those may arrive there. */
  readonly reach: ReadonlyMap<string, readonly string[]>;
}

function indexCallers(config: ConfigModel, workloads: WorkloadIndex): CallerIndex {
  const byHost = new Map<string, string[]>();
  const ofAll: string[] = [];
  const isKnown = (host: string): boolean => config.services.has(host);
  for (const [name, { upstreams, namespace }] of workloads) {
    if (upstreams === undefined) ofAll.push(name);
    else for (const host of upstreams) add(byHost, resolveHost(host, namespace, isKnown), [name]);
  }
  const reach = new Map<string, string[]>();
  for (const service of config.virtualServices)
    for (const { destination } of destinationsOf(service)) add(reach, destination.host, service.hosts);
  return { byHost, ofAll, reach };
}

function add(to: Map<string, string[]>, key: string, values: readonly string[]): void {
  const list = to.get(key);
  if (list === undefined) to.set(key, [...values]);
  else list.push(...values);
}

/** Those that declare one of the hosts, or one that leads to them. */
function declaringCallers({ byHost, reach }: CallerIndex, hosts: readonly string[]): readonly string[] {
  const ways = hosts.flatMap((host) => [host, ...(reach.get(host) ?? [])]);
  return [...new Set(ways.flatMap((host) => byHost.get(host) ?? []))];
}

/** By trust domain. */
const resources = new WeakMap<WorkloadIdentity, Map<string, XdsResource>>();

function resourceOf(name: string, workload: WorkloadIdentity, { mesh }: ConfigModel): XdsResource {
  const [trustDomain] = mesh.trustDomains;
  const made = cached(resources, workload, () => new Map<string, XdsResource>());
  return cachedByName(made, trustDomain, () => {
    const message = create(WorkloadSchema, {
      namespace: workload.namespace,
      trustDomain,
      serviceAccount: workload.serviceAccount,
      canonicalName: workload.canonicalName,
      canonicalRevision: workload.canonicalRevision,
      workloadName: workload.workload,
      clusterId: workload.cluster,
    });
    return named(name, toBinary(WorkloadSchema, message), []);
  });
}
