import type { Service } from '../core/service.ts';
import { resolveHost } from '../hosts.ts';
import type { DestinationRule } from '../istio/destination-rule/kind.ts';
import type { Gateway } from '../istio/gateway.ts';
import type { ServiceEntry } from '../istio/service-entry.ts';
import type { VirtualService } from '../istio/virtual-service/kind.ts';
import type { Resource } from '../kind.ts';
import { findKind } from '../kinds.ts';
import type { Workload } from '../tulle/workload.ts';

/** A resource with its place in the set and its effective namespace. */
export interface Member<T extends Resource = Resource> {
  readonly index: number;
  readonly namespace: string;
  readonly resource: T;
}

/** The resources of one set, by kind, and what hosts they declare. */
export interface ResourceSet {
  readonly all: readonly Member[];
  readonly services: readonly Member<Service>[];
  readonly serviceEntries: readonly Member<ServiceEntry>[];
  readonly virtualServices: readonly Member<VirtualService>[];
  readonly destinationRules: readonly Member<DestinationRule>[];
  readonly gateways: readonly Member<Gateway>[];
  readonly workloads: readonly Member<Workload>[];
  /** Full host name ⇒ ports that a Service of the set has; a ServiceEntry's host ⇒ its ports. */
  readonly hosts: ReadonlyMap<string, readonly number[]>;
  /** A host as written in a resource of `namespace`, in full. */
  readonly resolve: (host: string, namespace: string) => string;
}

/** Resources by kind and name, as checks across them look things up. They have passed their own checks. */
export function resourceSet(resources: readonly Resource[], defaultNamespace: string): ResourceSet {
  const all = resources.map(
    (resource, index): Member => ({
      index,
      namespace: resource.metadata.namespace || defaultNamespace,
      resource,
    }),
  );
  // The kinds were checked before: what says that it is a Service has a Service's shape.
  const of = <T extends Resource>(kind: string, group: string) =>
    all.filter(
      ({ resource }) => resource.kind === kind && findKind(resource.apiVersion, kind)?.group === group,
    ) as Member<T>[];
  const namespaces = new Set([
    defaultNamespace,
    ...all.map(({ namespace }) => namespace),
    ...of('Namespace', '').map(({ resource }) => resource.metadata.name),
  ]);
  const resolve = (host: string, namespace: string) =>
    resolveHost(host, namespace, undefined, (name) => namespaces.has(name));

  const services = of<Service>('Service', '');
  const serviceEntries = of<ServiceEntry>('ServiceEntry', 'networking.istio.io');
  const hosts = new Map<string, number[]>();
  for (const { resource, namespace } of services)
    hosts.set(
      resolve(resource.metadata.name, namespace),
      (resource.spec?.ports ?? []).map(({ port }) => port),
    );
  for (const { resource, namespace } of serviceEntries) {
    for (const host of resource.spec.hosts)
      hosts.set(
        resolve(host, namespace),
        (resource.spec.ports ?? []).map(({ number }) => number),
      );
  }
  return {
    all,
    services,
    serviceEntries,
    virtualServices: of<VirtualService>('VirtualService', 'networking.istio.io'),
    destinationRules: of<DestinationRule>('DestinationRule', 'networking.istio.io'),
    gateways: of<Gateway>('Gateway', 'networking.istio.io'),
    workloads: of<Workload>('Workload', 'tulle.dev'),
    hosts,
    resolve,
  };
}

/** Whether `pattern` (`*.example.com`, or a name) stands for `host`. */
export function hostCovers(pattern: string, host: string): boolean {
  return pattern === host || pattern === '*' || (pattern.startsWith('*') && host.endsWith(pattern.slice(1)));
}
