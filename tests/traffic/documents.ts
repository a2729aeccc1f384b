/** Short forms of the YAML documents that rows are made of, and the words in them. */
import { stringify } from 'yaml';

const named = (apiVersion: string, kind: string, name: string, spec: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n${flush(spec).replace(/^/gm, '  ')}\n`;

/** Without blank lines and the margin that a template literal has. */
export const flush = (text: string): string => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const margin = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join('\n');
};

/** The spec, with `field` unless it has it. */
const unlessSaid = (spec: string, field: string, value: string): string => {
  const lines = flush(spec);
  return new RegExp(`^${field}:`, 'm').test(lines) ? lines : `${field}: ${value}\n${lines}`;
};

const istio = 'networking.istio.io/v1';

/** For `$host` unless the spec has hosts. */
export const virtualService = (spec: string, name = '$name'): string =>
  named(istio, 'VirtualService', name, unlessSaid(spec, 'hosts', '[$host]'));

/** For `$host` unless the spec has a host. */
export const destinationRule = (spec: string, name = '$name'): string =>
  named(istio, 'DestinationRule', name, unlessSaid(spec, 'host', '$host'));

/** Of the ingress gateway unless the spec has a selector. */
export const gateway = (spec: string, name = '$name'): string =>
  named(istio, 'Gateway', name, unlessSaid(spec, 'selector', '{ istio: ingressgateway }'));

/** For `$outside` unless the spec has hosts. */
export const serviceEntry = (spec: string, name = '$name'): string =>
  named(istio, 'ServiceEntry', name, unlessSaid(spec, 'hosts', '[$outside]'));

/** One application outside the mesh, on port 80 of `$outside`; `port` says which of its own ports. */
export const outsideApplication = (port = '$http'): string =>
  serviceEntry(`
    location: MESH_EXTERNAL
    resolution: STATIC
    ports: [{ number: 80, name: http, protocol: HTTP, targetPort: ${port} }]
    endpoints: [{ address: 127.0.0.1 }]
  `);

/** `$outside` of two endpoints: an application, and a port where nobody listens. */
export const halfDown = serviceEntry(`
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints:
  - { address: 127.0.0.1, ports: { http: $http } }
  - { address: 127.0.0.1, ports: { http: $port } }
`);

export const resource = (apiVersion: string, kind: string, spec: string, name = '$name'): string =>
  named(apiVersion, kind, name, spec);

/** Subsets v1, v2 and v3 of `$host`, with more of a DestinationRule beside them. */
export const subsets = (more = ''): string => {
  const each = ['v1', 'v2', 'v3'].map((name) => `- { name: ${name}, labels: { version: ${name} } }`);
  return destinationRule([flush(more), 'subsets:', ...each].join('\n'));
};

/** Requests go to a subset of `$host`, at its port for HTTP/1.1. */
export const toHttp = (version: string): string =>
  `route: [{ destination: { host: $host, port: { number: 80 }, subset: ${version} } }]`;

/** A plain HTTP server for `$edge` on port 80. */
export const edge = gateway(`
  servers:
  - port: { number: 80, name: http, protocol: HTTP }
    hosts: [$edge]
`);

/** The ports of every row's service. */
export const servicePorts = { http: 80, http2: 81, grpc: 82, tcp: 83, tls: 84 } as const;

/** The service that every row has: all versions of the echo application. */
export const service = stringify({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: '$name' },
  spec: {
    selector: { app: 'echo' },
    ports: Object.entries(servicePorts).map(([name, port]) => ({ name, port })),
  },
});

const reference = 'https://istio.io/latest/docs/reference/config/networking';
/** Istio's reference of a kind, at one message. */
export const docs = {
  virtualService: (message: string) => `${reference}/virtual-service/#${message}`,
  destinationRule: (message: string) => `${reference}/destination-rule/#${message}`,
  gateway: (message: string) => `${reference}/gateway/#${message}`,
  serviceEntry: (message: string) => `${reference}/service-entry/#${message}`,
  workloadEntry: (message: string) => `${reference}/workload-entry/#${message}`,
  sidecar: (message: string) => `${reference}/sidecar/#${message}`,
  mesh: (message: string) => `https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#${message}`,
  task: (path: string) => `https://istio.io/latest/docs/tasks/traffic-management/${path}/`,
  concept: (anchor: string) => `https://istio.io/latest/docs/concepts/traffic-management/#${anchor}`,
  ops: (path: string) => `https://istio.io/latest/docs/ops/${path}`,
  envoy: (path: string) => `https://www.envoyproxy.io/docs/envoy/latest/${path}`,
} as const;

/** Values of a row's words. */
export type Words = Readonly<Record<string, string>>;

/** @throws Error for a word that the row does not have */
export const filled = (text: string, words: Words): string =>
  text.replace(/\$([a-z]+\d?[a-z]*)/g, (word, name: string) => {
    const value = words[name];
    if (value === undefined) throw new Error(`${word} stands for nothing`);
    return value;
  });
