import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import type { Registration } from '@tulle/resources/tulle/registration';
import { REGISTRATION } from '../up/registration-status.ts';
import type { Connection } from './connect.ts';
import { openUrls } from './open-urls.ts';
import { listProxies, type ProxyStatus } from './proxies.ts';

/** All that `tulle status` shows; its JSON is this. */
export interface MeshStatus {
  readonly mesh: string;
  readonly file: string;
  readonly state: string;
  readonly startedAt: string;
  readonly trustDomain: string;
  readonly mtls: string;
  /** Of the gateway those that a Gateway has opened. */
  readonly urls: { readonly http?: string; readonly https?: string; readonly api?: string };
  readonly pids: { readonly supervisor: number; readonly controlPlane?: number };
  readonly services: readonly ServiceStatus[];
  readonly workloads: readonly WorkloadStatus[];
  readonly proxies: readonly InstanceStatus[];
}

export interface ServiceStatus {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly string[];
  readonly readyEndpoints: number;
  readonly endpoints: number;
}

export interface WorkloadStatus {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly serviceAccount: string;
  readonly replicas: number;
  readonly readyReplicas: number;
  readonly messages: readonly string[];
}

/** One proxy, and the instance that it stands for. */
export interface InstanceStatus {
  readonly namespace: string;
  readonly name: string;
  readonly workload: string;
  readonly role: string;
  readonly engine: string;
  /** `env`, `transparent`; `-` for what has no application. */
  readonly capture: string;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly connected: boolean;
  readonly synced: boolean;
  readonly identity?: string;
  readonly certificateExpires?: string;
  readonly pid?: number;
  readonly proxyPid?: number;
  /** Processes that the proxy is to have, and that serve. */
  readonly workers?: number;
  readonly readyWorkers?: number;
  readonly adminAddress?: string;
  readonly message?: string;
}

/** What `tulle status` shows, from the API and the files of the run. */
export async function readMeshStatus({ client, run, state }: Connection): Promise<MeshStatus> {
  const list = async (apiVersion: string, kind: string): Promise<readonly Resource[]> => {
    const known = findKind(apiVersion, kind);
    return known === undefined ? [] : (await client.list(known satisfies ResourceKind)).items;
  };
  const [meshes, services, workloads, accounts, registrations, proxies] = await Promise.all([
    list('tulle.dev/v1alpha1', 'Mesh'),
    list('v1', 'Service'),
    list('tulle.dev/v1alpha1', 'Workload'),
    list('v1', 'ServiceAccount'),
    client.list(REGISTRATION).then(({ items }) => items as Registration[]),
    listProxies(client),
  ]);
  const mesh = (meshes.find(({ metadata }) => metadata.name === run.mesh) ?? meshes[0]) as Mesh | undefined;
  const controlPlane = run.children.find(({ name }) => name === 'control-plane')?.pid;
  return {
    mesh: run.mesh,
    file: run.file,
    state: state.root,
    startedAt: run.startedAt,
    trustDomain: mesh?.spec?.trustDomain ?? run.controlPlane?.trustDomain ?? 'cluster.local',
    mtls: mesh?.spec?.mtls?.mode ?? 'STRICT',
    urls: { ...(await openUrls(run.urls, proxies)), ...(run.api === undefined ? {} : { api: run.api }) },
    pids: { supervisor: run.supervisor.pid, ...(controlPlane === undefined ? {} : { controlPlane }) },
    services: services.map((service) => serviceStatus(service, registrations)),
    workloads: workloadStatuses(workloads, accounts, registrations),
    proxies: registrations.map((registration) => instanceStatus(registration, proxies)),
  };
}

function serviceStatus({ metadata, spec }: Resource, registrations: readonly Registration[]): ServiceStatus {
  const { selector = {}, ports = [] } = (spec ?? {}) as {
    selector?: Record<string, string>;
    ports?: { port: number; name?: string; targetPort?: number | string }[];
  };
  const namespace = metadata.namespace ?? 'default';
  const selected = registrations.filter(
    ({ metadata: { namespace: of = 'default' }, spec: { labels = {} } }) =>
      of === namespace &&
      Object.keys(selector).length > 0 &&
      Object.entries(selector).every(([key, value]) => labels[key] === value),
  );
  return {
    namespace,
    name: metadata.name,
    ports: ports.map(({ port, name }) => (name === undefined ? String(port) : `${port}/${name}`)),
    endpoints: selected.length,
    readyEndpoints: selected.filter(({ status }) => status?.ready === true).length,
  };
}

/** The Workloads, and those that run without one (`tulle run`). */
function workloadStatuses(
  workloads: readonly Resource[],
  accounts: readonly Resource[],
  registrations: readonly Registration[],
): WorkloadStatus[] {
  const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? 'default'}/${name}`;
  const declared = new Map(
    workloads.map((workload) => [keyOf(workload.metadata.namespace, workload.metadata.name), workload]),
  );
  // The mesh's own gateway belongs to no Workload.
  const instancesOf = registrations.filter(
    ({ metadata, spec }) => spec.proxy !== 'router' || declared.has(keyOf(metadata.namespace, spec.workload)),
  );
  const keys = new Set([
    ...declared.keys(),
    ...instancesOf.map(({ metadata, spec }) => keyOf(metadata.namespace, spec.workload)),
  ]);
  return [...keys].sort().map((key) => {
    const [namespace = '', name = ''] = key.split('/');
    const instances = instancesOf.filter(
      ({ metadata, spec }) => keyOf(metadata.namespace, spec.workload) === key,
    );
    const spec = declared.get(key)?.spec as
      | { replicas?: number; labels?: Record<string, string>; serviceAccount?: string }
      | undefined;
    const serviceAccount = spec?.serviceAccount ?? instances[0]?.spec.serviceAccount ?? 'default';
    const isKnown = accounts.some(
      ({ metadata }) => metadata.name === serviceAccount && metadata.namespace === namespace,
    );
    return {
      namespace,
      name,
      version: spec?.labels?.version ?? instances[0]?.spec.labels?.version ?? '-',
      serviceAccount,
      replicas: spec === undefined ? instances.length : (spec.replicas ?? 1),
      readyReplicas: instances.filter(({ status }) => status?.ready === true).length,
      messages: [
        // Without one it gets no identity: nothing of it has come far enough to say so.
        ...(isKnown ? [] : [`${name} can't start: there is no service account ${serviceAccount}`]),
        ...instances.flatMap(({ metadata, status }) =>
          status?.message ? [`${metadata.name}: ${status.message}`] : [],
        ),
      ],
    };
  });
}

function instanceStatus(
  { metadata, spec, status = {} }: Registration,
  proxies: readonly ProxyStatus[],
): InstanceStatus {
  const namespace = metadata.namespace ?? 'default';
  const proxy = proxies.find(
    (one) => one.metadata.name === metadata.name && one.metadata.namespace === namespace,
  );
  return {
    namespace,
    name: metadata.name,
    workload: spec.workload,
    role: spec.proxy,
    engine: spec.engine ?? '-',
    capture: spec.proxy === 'sidecar' ? (spec.capture ?? 'env') : '-',
    ready: status.ready ?? false,
    draining: status.draining ?? false,
    connected: proxy !== undefined,
    synced: proxy?.synced ?? false,
    ...(proxy === undefined
      ? {}
      : { identity: proxy.identity, certificateExpires: proxy.certificateExpires }),
    ...(status.pid === undefined ? {} : { pid: status.pid }),
    ...(status.proxyPid === undefined ? {} : { proxyPid: status.proxyPid }),
    ...(status.workers === undefined ? {} : { workers: status.workers }),
    ...(status.readyWorkers === undefined ? {} : { readyWorkers: status.readyWorkers }),
    ...(spec.adminAddress === undefined ? {} : { adminAddress: spec.adminAddress }),
    ...(status.message === undefined ? {} : { message: status.message }),
  };
}
