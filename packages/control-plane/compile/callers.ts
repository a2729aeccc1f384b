import { create, toBinary } from '@bufbuild/protobuf';
import { WorkloadSchema } from '@tulle/xds/gen/istio/workload/workload_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import { resolveHost } from '../model/host.ts';
import type { ConfigModel, Model } from '../model/model.ts';
import { destinationsOf } from '../model/virtual-service.ts';
import type { WorkloadIdentity, WorkloadIndex } from '../model/workloads.ts';
import { cached, cachedByName } from './cached.ts';
import { servicesOf, takesBytes } from './inbound.ts';
import type { ProxyDescription } from './proxy.ts';
import { named } from './serialize.ts';

type Callers = ReadonlyMap<string, XdsResource>;
const nobody: Callers = new Map();

/**
 * The workloads that may call a proxy's application where their bytes don't say who they are: what its metrics
 * name their sources by. HTTP carries that itself (peer metadata), so only proxies with TCP ports have any.
 */
export function callersOf(model: Model, proxy: ProxyDescription): Callers {
  const { config, workloads } = model;
  const { TULLE_ENGINE: engine, TULLE_INBOUND: ports } = proxy.metadata;
  if (proxy.role === 'router' || engine !== 'tulle') return nobody;
  const bytes = ports.filter((port) => takesBytes(config, proxy, port));
  if (bytes.length === 0) return nobody;
  const hosts = [
    ...new Set(bytes.flatMap((port) => servicesOf(config, proxy, port).map(({ host }) => host))),
  ].toSorted();
  const ofConfig = cached(made, config, () => new WeakMap<WorkloadIndex, Map<string, Callers>>());
  const ofHosts = cached(ofConfig, workloads, () => new Map<string, Callers>());
  return cachedByName(ofHosts, hosts.join(), () => makeCallers(model, hosts));
}

const made = new WeakMap<ConfigModel, WeakMap<WorkloadIndex, Map<string, Callers>>>();

function makeCallers({ config, workloads }: Model, hosts: readonly string[]): Callers {
  const reach = cached(reaches, config, () => reachOf(config));
  const ways = new Set(hosts.flatMap((host) => [host, ...(reach.get(host) ?? [])]));
  const callers = new Map<string, XdsResource>();
  for (const [name, workload] of workloads) {
    if (mayCall(workload, ways, config)) callers.set(name, resourceOf(name, workload, config));
  }
  return callers;
}

/** Hosts that virtual services lead to from other hosts: whoever declares one of those may arrive there. */
type Reach = ReadonlyMap<string, readonly string[]>;
const reaches = new WeakMap<ConfigModel, Reach>();

function reachOf(config: ConfigModel): Reach {
  const reach = new Map<string, string[]>();
  for (const service of config.virtualServices) {
    for (const { destination } of destinationsOf(service)) {
      const from = reach.get(destination.host);
      if (from === undefined) reach.set(destination.host, [...service.hosts]);
      else from.push(...service.hosts);
    }
  }
  return reach;
}

function mayCall(
  { upstreams, namespace }: WorkloadIdentity,
  ways: ReadonlySet<string>,
  { services }: ConfigModel,
): boolean {
  if (upstreams === undefined) return true;
  return upstreams.some((host) => ways.has(resolveHost(host, namespace, (name) => services.has(name))));
}

const resources = new WeakMap<WorkloadIdentity, XdsResource>();

function resourceOf(name: string, workload: WorkloadIdentity, { mesh }: ConfigModel): XdsResource {
  return cached(resources, workload, () => {
    const message = create(WorkloadSchema, {
      namespace: workload.namespace,
      trustDomain: mesh.trustDomain,
      serviceAccount: workload.serviceAccount,
      canonicalName: workload.canonicalName,
      canonicalRevision: workload.canonicalRevision,
      workloadName: workload.workload,
      clusterId: workload.cluster,
    });
    return named(name, toBinary(WorkloadSchema, message), []);
  });
}
