import type { Resource } from '@tulle/resources/kind';
import type { ProxyMetadata } from '@tulle/xds/node';
import type { Size } from './sizes.ts';

export const namespace = 'default';
export const trustDomain = 'bench.local';
const serviceName = (index: number): string => `service-${String(index).padStart(4, '0')}`;
export const workloadEntryName = (service: number, endpoint: number): string =>
  `${serviceName(service)}-entry-${endpoint}`;
export const instanceName = (index: number): string => `${serviceName(index)}-v1-0`;
const virtualServiceName = serviceName;
/** The cluster of a service's only port. */
export const clusterName = (index: number): string =>
  `outbound|80||${serviceName(index)}.${namespace}.svc.cluster.local`;
/** The virtual host of a service in the table of the HTTP proxy. */
export const virtualHostOf = (index: number): string =>
  `http_proxy/${serviceName(index)}.${namespace}.svc.cluster.local:80`;

/** One of so many services has a VirtualService and a DestinationRule. */
export const routedEvery = 10;

/** The resources of a mesh of that size. The first services have a sidecar among their endpoints; the rest are WorkloadEntries. */
export function* resourcesOf(size: Size): Iterable<Resource> {
  yield { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const each = Math.max(1, Math.floor(size.endpoints / size.services));
  for (let index = 0; index < size.services; index++) {
    const app = serviceName(index);
    yield {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: app, namespace },
      spec: { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 9080 }] },
    };
    if (index % routedEvery === 0) {
      yield virtualService(index, 'first');
      yield destinationRule(index);
    }
    const hasProxy = index < size.proxies;
    if (hasProxy) yield workload(index, size);
    for (let endpoint = hasProxy ? 1 : 0; endpoint < each; endpoint++)
      yield workloadEntry(index, endpoint, 1);
  }
}

/** @param mark what tells one version of it from another, in a header that the route adds */
export function virtualService(index: number, mark: string): Resource {
  const host = serviceName(index);
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: virtualServiceName(index), namespace },
    spec: {
      hosts: [host],
      http: [
        {
          match: [{ uri: { prefix: '/api/' } }],
          route: [
            { destination: { host, subset: 'v1' }, weight: 90 },
            { destination: { host, subset: 'v2' }, weight: 10 },
          ],
          headers: { response: { set: { 'x-bench': mark } } },
        },
        { route: [{ destination: { host } }] },
      ],
    },
  };
}

function destinationRule(index: number): Resource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: serviceName(index), namespace },
    spec: {
      host: serviceName(index),
      trafficPolicy: { outlierDetection: { consecutive5xxErrors: 5 } },
      subsets: ['v1', 'v2'].map((version) => ({ name: version, labels: { version } })),
    },
  };
}

function workload(index: number, size: Size): Resource {
  return {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: `${serviceName(index)}-v1`, namespace },
    spec: {
      command: ['true'],
      serviceAccount: serviceName(index),
      labels: labelsOf(index),
      ports: [{ name: 'http', port: 9080 }],
      upstreams: upstreamsOf(index, size),
    },
  };
}

const labelsOf = (index: number): Record<string, string> => ({ app: serviceName(index), version: 'v1' });

/** The services after its own, so that each service is called by as many. */
const upstreamsOf = (index: number, { upstreams, services }: Size): string[] =>
  Array.from({ length: upstreams }, (_, at) => `${serviceName((index + at + 1) % services)}:80`);

/** @param weight something to change */
export function workloadEntry(service: number, endpoint: number, weight: number): Resource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name: workloadEntryName(service, endpoint), namespace },
    spec: {
      address: `10.${(endpoint >> 4) & 255}.${service >> 4}.${((service & 15) << 4) | (endpoint & 15)}`,
      labels: { app: serviceName(service), version: endpoint % 2 === 0 ? 'v1' : 'v2' },
      weight,
    },
  };
}

export const accountOf = serviceName;

/** What the sidecar of a service's first instance says of itself. */
export function metadataOf(index: number, size: Size): ProxyMetadata {
  const loopback = '127.0.0.1';
  const upstreams = upstreamsOf(index, size).map((written, at) => {
    const [host = '', port] = written.split(':');
    return { host, port: Number(port), bindAddress: loopback, bindPort: 16_001 + at };
  });
  return {
    NAMESPACE: namespace,
    SERVICE_ACCOUNT: accountOf(index),
    NAME: instanceName(index),
    WORKLOAD_NAME: `${serviceName(index)}-v1`,
    LABELS: labelsOf(index),
    CLUSTER_ID: 'bench',
    MESH_ID: 'bench',
    TULLE_ENGINE: 'tulle',
    TULLE_INBOUND: [
      {
        port: 9080,
        name: 'http',
        bindAddress: loopback,
        bindPort: 20_000 + index,
        appAddress: loopback,
        appPort: 30_000 + index,
      },
    ],
    TULLE_OUTBOUND: { httpProxy: { address: loopback, port: 15_002 }, upstreams },
    TULLE_ADMIN_PORT: 15_000,
  };
}
