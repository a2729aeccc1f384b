import type { Resource } from '@tulle/resources/kind';
import fc from 'fast-check';
import type { ModelInput } from '../../model/model.ts';
import type { ProxyDescription } from '../proxy.ts';

/** Meshes of few names, so that rules meet services, miss them and contradict each other. For tests only. */
const name = fc.constantFrom('one', 'two', 'three');
const namespace = fc.constantFrom('a', 'b', 'tulle-system');
const subset = fc.constantFrom('', 'v1', 'v2');
const host = fc.constantFrom(
  'one',
  'two',
  'one.b',
  'two.a.svc.cluster.local',
  'world.example.com',
  'nowhere',
);
const exportTo = fc.constantFrom([], ['*'], ['.'], ['a'], ['b']);
const destination = fc.record(
  { host, subset, port: fc.constantFrom({ number: 80 }, { number: 9 }) },
  { requiredKeys: ['host'] },
);
const route = fc.array(fc.record({ destination, weight: fc.integer({ min: 0, max: 50 }) }), {
  minLength: 1,
  maxLength: 3,
});
const match = fc.array(
  fc.constantFrom(
    { uri: { prefix: '/x' } },
    { sourceNamespace: 'a' },
    { gateways: ['mesh'] },
    { sourceLabels: { app: 'one' } },
  ),
  { maxLength: 2 },
);

const written = (apiVersion: string, kind: string, spec: fc.Arbitrary<unknown>): fc.Arbitrary<Resource> =>
  fc.record({ name, namespace, spec, year: fc.constantFrom('2024', '2025') }).map((given) => ({
    apiVersion,
    kind,
    metadata: {
      name: given.name,
      namespace: given.namespace,
      generation: 1,
      creationTimestamp: `${given.year}-01-01T00:00:00Z`,
    },
    spec: given.spec,
  }));

const port = fc.constantFrom(
  { name: 'http', port: 80 },
  { name: 'tcp-db', port: 80 },
  { name: 'tls', port: 80 },
);
const service = written(
  'v1',
  'Service',
  fc.record({ selector: fc.record({ app: name }), ports: port.map((one) => [one]) }),
);
const istio = 'networking.istio.io/v1';
const virtualService = written(
  istio,
  'VirtualService',
  fc.record({
    hosts: fc.oneof(fc.array(host, { minLength: 1, maxLength: 2 }), fc.constant([])),
    exportTo,
    http: fc.array(
      fc.record(
        { match, route, mirror: destination, delegate: fc.record({ name, namespace }) },
        { requiredKeys: ['match'] },
      ),
      { maxLength: 3 },
    ),
    tcp: fc.array(fc.record({ route }), { maxLength: 1 }),
    tls: fc.array(fc.record({ match: fc.constant([{ sniHosts: ['world.example.com'] }]), route }), {
      maxLength: 1,
    }),
  }),
);
const tls = fc.constantFrom(
  { mode: 'DISABLE' },
  { mode: 'ISTIO_MUTUAL' },
  { mode: 'MUTUAL', credentialName: 'one' },
);
const destinationRule = written(
  istio,
  'DestinationRule',
  fc.record({
    host,
    exportTo,
    trafficPolicy: fc.record({ tls }, { requiredKeys: [] }),
    subsets: fc.uniqueArray(fc.record({ name: fc.constantFrom('v1', 'v2') }), {
      selector: (one) => one.name,
    }),
  }),
);
const serviceEntry = written(
  istio,
  'ServiceEntry',
  fc.record({
    hosts: fc.constantFrom(['world.example.com'], ['*.example.com'], ['one.b.svc.cluster.local']),
    ports: fc.constantFrom(
      [{ number: 80, name: 'http', protocol: 'HTTP' }],
      [{ number: 80, name: 'tls', protocol: 'TLS' }],
    ),
    resolution: fc.constantFrom('NONE', 'DNS', 'STATIC'),
    location: fc.constantFrom('MESH_EXTERNAL', 'MESH_INTERNAL'),
    exportTo,
  }),
);
const imported = fc.constantFrom(
  ['*/*'],
  ['./*'],
  ['~/*'],
  ['b/*', './one.a.svc.cluster.local'],
  ['*/*.example.com'],
);
const ownListener = fc.constantFrom(
  { port: { number: 0, protocol: 'HTTP' }, bind: 'unix:///run/a.sock' },
  { port: { number: 80, protocol: 'TCP' }, captureMode: 'NONE' },
  { port: { number: 80, protocol: 'HTTP' } },
  { port: { number: 80, protocol: 'TLS' }, bind: '10.0.0.1' },
);
const sidecar = written(
  istio,
  'Sidecar',
  fc.record(
    {
      workloadSelector: fc.constantFrom({ labels: { app: 'one' } }, { labels: { app: 'two' } }),
      egress: fc
        .tuple(ownListener, imported, imported)
        .map(([listener, own, others]) => [{ ...listener, hosts: own }, { hosts: others }]),
      ingress: fc.constantFrom([
        { port: { number: 80, protocol: 'HTTP' }, defaultEndpoint: 'unix:///run/b' },
      ]),
      outboundTrafficPolicy: fc.constantFrom(
        { mode: 'REGISTRY_ONLY' },
        { mode: 'ALLOW_ANY', egressProxy: { host: 'two.a.svc.cluster.local', port: { number: 80 } } },
      ),
    },
    { requiredKeys: [] },
  ),
);
const secret = written('v1', 'Secret', fc.constant(undefined)).map((resource) => ({
  ...resource,
  stringData: { 'tls.crt': 'CERT', 'tls.key': 'KEY', 'ca.crt': 'CA' },
}));

export const meshOf: fc.Arbitrary<ModelInput> = fc.record({
  mesh: fc.constantFrom({}, { outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' as const } }),
  resources: fc
    .array(fc.oneof(service, virtualService, destinationRule, serviceEntry, sidecar, secret), {
      maxLength: 20,
    })
    .map((list) => [
      ...new Map(
        list.map((one) => [`${one.kind}/${one.metadata.namespace}/${one.metadata.name}`, one]),
      ).values(),
    ]),
  instances: fc.constant([]),
  trustBundle: fc.constant('PEM'),
});

/** One whose application's traffic is redirected to it. */
export function capturedSidecarOf(ns: string, upstreams: readonly string[]): ProxyDescription {
  const proxy = sidecarOf(ns, upstreams);
  const { httpProxy: _, ...outbound } = proxy.metadata.TULLE_OUTBOUND;
  const capture = { addresses: ['127.0.0.1', '::1'], outboundPort: 1501, inboundPort: 1506, dnsPort: 1553 };
  return { ...proxy, metadata: { ...proxy.metadata, TULLE_OUTBOUND: outbound, TULLE_CAPTURE: capture } };
}

/** A sidecar with an HTTP proxy, one port, and what it declares. */
export function sidecarOf(ns: string, upstreams: readonly string[], instance = 'one'): ProxyDescription {
  const loopback = '127.0.0.1';
  return {
    id: `sidecar~${loopback}~${instance}.${ns}~${ns}.svc.cluster.local`,
    role: 'sidecar',
    identity: `spiffe://cluster.local/ns/${ns}/sa/default`,
    metadata: {
      NAMESPACE: ns,
      SERVICE_ACCOUNT: 'default',
      NAME: instance,
      WORKLOAD_NAME: instance,
      LABELS: { app: 'one' },
      CLUSTER_ID: 'tulle',
      MESH_ID: 'test',
      TULLE_ENGINE: 'tulle',
      TULLE_INBOUND: [
        { port: 80, bindAddress: loopback, bindPort: 2080, appAddress: loopback, appPort: 3080 },
      ],
      TULLE_OUTBOUND: {
        httpProxy: { address: loopback, port: 1500 },
        upstreams: upstreams.map((one, index) => {
          const [host = '', number] = one.split(':');
          return { host, port: Number(number), bindAddress: loopback, bindPort: 1600 + index };
        }),
      },
      TULLE_ADMIN_PORT: 1,
    },
  };
}
