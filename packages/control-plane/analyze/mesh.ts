import type { ObjectMeta, Resource } from '@tulle/resources/kind';
import type { Origin } from '@tulle/xds/resource';
import type { ConfigModel, Model } from '../model/model.ts';
import { originOf, rootNamespace, rootNamespaces } from '../model/origin.ts';
import { selects } from '../model/selector.ts';
import type { Service } from '../model/services/service.ts';

type Labels = Readonly<Record<string, string>>;

/** A resource as it was written, its spec taken for what its schema says. */
export interface Written<Spec> {
  readonly namespace: string;
  readonly name: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly resource: Resource;
  /** The field at `path` (`spec.http[0]`), the resource itself without. */
  at(path?: string): Origin;
}

/** What serves or calls: a Workload, whether it runs or not; or what runs without one. */
export interface AnalyzedWorkload {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly isGateway: boolean;
  /** Whether it takes and begins mTLS. */
  readonly hasSidecar: boolean;
  readonly ports: readonly { readonly port: number; readonly name?: string | undefined }[];
  /** Hosts that it declares to call, as written; undefined: any. */
  readonly upstreams: readonly string[] | undefined;
  /** Undefined: no resource of its own, or a WorkloadEntry's. */
  readonly origin: Origin | undefined;
}

/** A mesh as analyzers see it. */
export interface AnalyzedMesh {
  readonly model: Model;
  readonly config: ConfigModel;
  /** Milliseconds since the epoch: certificates expire. */
  readonly now: number;
  /** Of Kubernetes, Istio and Tulle; by kind, sorted by name. */
  resources<Spec>(kind: string): readonly Written<Spec>[];
  readonly workloads: readonly AnalyzedWorkload[];
  workloadsIn(namespace: string): readonly AnalyzedWorkload[];
  /** Those that a service selects. */
  workloadsOf(service: Service): readonly AnalyzedWorkload[];
  /** That select a workload. */
  servicesOf(workload: AnalyzedWorkload): readonly Service[];
  /** Those that a selector of a resource of `namespace` holds for: everywhere, of the root namespace. */
  selected(namespace: string, selector: Labels): readonly AnalyzedWorkload[];
  /** False: only some files are known, with no service, workload, gateway or namespace among them; nothing can be said then. */
  readonly knows: {
    readonly hosts: boolean;
    readonly workloads: boolean;
    /** But for the one that every mesh has. */
    readonly gateways: boolean;
    readonly namespaces: boolean;
  };
  readonly namespaces: ReadonlySet<string>;
}

interface WorkloadSpec {
  readonly role?: string;
  readonly labels?: Labels;
  readonly ports?: readonly { readonly port: number; readonly name?: string }[];
  readonly upstreams?: readonly string[];
}

/** @param whole nothing else exists: a running mesh. Else what a set of files lacks entirely may be elsewhere. */
export function analyzedMesh(model: Model, now: number, whole: boolean): AnalyzedMesh {
  const { config } = model;
  const byKind = Map.groupBy(config.resources.values(), ({ kind }) => kind);
  const written = new Map<string, readonly Written<unknown>[]>();
  const resources = <Spec>(kind: string): readonly Written<Spec>[] => {
    const known = written.get(kind) ?? (byKind.get(kind) ?? []).filter(isOurs).map(writtenOf);
    written.set(kind, known);
    return known as readonly Written<Spec>[];
  };
  const workloads = workloadsOf(model, resources<WorkloadSpec>('Workload'));
  const byNamespace = Map.groupBy(workloads, ({ namespace }) => namespace);
  const workloadsIn = (namespace: string) => byNamespace.get(namespace) ?? [];
  const servicesOf = servicesBySelector(config.services.all);
  const serving = new Map<string, AnalyzedWorkload[]>();
  for (const workload of workloads)
    for (const { key } of servicesOf(workload)) {
      const known = serving.get(key);
      if (known === undefined) serving.set(key, [workload]);
      else known.push(workload);
    }
  const named = resources('Namespace').map(({ name }) => name);
  return {
    model,
    config,
    now,
    resources,
    workloads,
    workloadsIn,
    workloadsOf: ({ key }) => serving.get(key) ?? [],
    servicesOf,
    selected: (namespace, selector) =>
      (rootNamespaces.includes(namespace) ? workloads : workloadsIn(namespace)).filter(({ labels }) =>
        selects(selector, labels),
      ),
    knows: {
      hosts:
        whole ||
        config.services.all.some(
          ({ namespace, origin }) => origin.kind === 'Service' && namespace !== rootNamespace,
        ),
      workloads: whole || workloads.some(({ isGateway }) => !isGateway),
      gateways: whole || workloads.some(({ isGateway, origin }) => isGateway && origin !== undefined),
      namespaces: whole || named.some((name) => name !== 'default' && !rootNamespaces.includes(name)),
    },
    namespaces: new Set(named),
  };
}

/** Not the Gateway API's, whose Gateway is another kind of the same name. */
const isOurs = ({ apiVersion }: Resource): boolean => !apiVersion.startsWith('gateway.networking.k8s.io/');

function writtenOf(resource: Resource): Written<unknown> {
  const { metadata, spec } = resource;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    metadata,
    spec: spec ?? {},
    resource,
    at: (path) => originOf(resource, path),
  };
}

function workloadsOf(
  { instances }: Model,
  declared: readonly Written<WorkloadSpec>[],
): readonly AnalyzedWorkload[] {
  const found = new Map<string, AnalyzedWorkload>();
  for (const { namespace, name, spec, at } of declared) {
    const isGateway = spec.role === 'gateway';
    found.set(`${namespace}/${name}`, {
      ...{ namespace, name, isGateway, hasSidecar: !isGateway, origin: at() },
      labels: spec.labels ?? {},
      ports: spec.ports ?? (isGateway ? gatewayPorts : []),
      upstreams: spec.upstreams,
    });
  }
  for (const { namespace, workload, labels, tlsMode, ports, portsByName } of instances.all) {
    const key = `${namespace}/${workload}`;
    if (found.has(key)) continue;
    const hasSidecar = tlsMode === 'istio';
    const isGateway = !hasSidecar && portsByName !== true;
    found.set(key, {
      ...{ namespace, name: workload, labels, ports, hasSidecar, isGateway },
      ...{ upstreams: undefined, origin: undefined },
    });
  }
  return [...found.values()];
}

/** Finds services by the first label of their selectors: a mesh may have thousands of both. */
function servicesBySelector(
  all: readonly Service[],
): (workload: Pick<AnalyzedWorkload, 'namespace' | 'labels'>) => readonly Service[] {
  const labelOf = (namespace: string, [name, value]: readonly [string, string]): string =>
    `${namespace}\n${name}\n${value}`;
  const byLabel = Map.groupBy(all, ({ namespace, selector }) => {
    const [first] = Object.entries(selector ?? {});
    return first && labelOf(namespace, first);
  });
  return ({ namespace, labels }) =>
    Object.entries(labels)
      .flatMap((label) => byLabel.get(labelOf(namespace, label)) ?? [])
      .filter(({ selector = {} }) => selects(selector, labels));
}

const gatewayPorts = [
  { port: 8080, name: 'http' },
  { port: 8443, name: 'https' },
];
