import { describe, expect, test } from 'vitest';
import { crossCheck, crossCheckDocuments } from './cross-check.ts';
import type { Resource } from './kind.ts';
import { parseResources } from './parse.ts';
import { formatProblem } from './problem.ts';

/** Severity and text of what is found in YAML documents (bodies without head are VirtualServices' specs). */
function found(...texts: string[]): string[] {
  const { documents } = parseResources(texts.join('\n---\n'), { file: 'f' });
  expect(
    documents.flatMap(({ problems }) => problems.filter(({ severity }) => severity === 'error')),
  ).toEqual([]);
  return crossCheckDocuments(documents).map(
    (problem) =>
      `${problem.severity} ${formatProblem({ ...problem, position: undefined as never }).replace(/^undefined:undefined:undefined /, '')}`,
  );
}
const istio = (kind: string, name: string, spec: string) =>
  `{ apiVersion: networking.istio.io/v1, kind: ${kind}, metadata: { name: ${name} }, spec: ${spec} }`;
const service = (name: string, namespace = 'default') =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: ${namespace} }, spec: { ports: [{ port: 9080 }] } }`;
const to = (destination: string) =>
  istio('VirtualService', 'a', `{ hosts: [reviews], http: [{ route: [{ destination: ${destination} }] }] }`);
const workload = (name: string, spec: string) =>
  `{ apiVersion: tulle.dev/v1alpha1, kind: Workload, metadata: { name: ${name} }, spec: { command: [x], ${spec} } }`;

describe('destinations', () => {
  test('short and full names of a Service are one host', () => {
    for (const host of [
      'reviews',
      'reviews.default',
      'reviews.default.svc',
      'reviews.default.svc.cluster.local',
    ]) {
      expect(found(service('reviews'), to(`{ host: ${host}, port: { number: 9080 } }`))).toEqual([]);
    }
  });
  test('a host that nobody declares is a warning, with the nearest that somebody does', () => {
    expect(found(service('reviews'), to('{ host: rewiews }'))).toEqual([
      'warning spec.http[0].route[0].destination.host: no Service or ServiceEntry here declares rewiews.default.svc.cluster.local; did you mean reviews.default.svc.cluster.local?',
    ]);
    expect(found(to('{ host: reviews }'))).toEqual([]);
  });
  test('a ServiceEntry’s wildcard declares what it covers', () => {
    const entry = istio(
      'ServiceEntry',
      'web',
      '{ hosts: ["*.example.com"], ports: [{ number: 443, name: tls, protocol: TLS }] }',
    );
    expect(found(entry, to('{ host: api.example.com }'))).toEqual([]);
  });
  test('a port that the service lacks', () => {
    expect(found(service('reviews'), to('{ host: reviews, port: { number: 80 } }'))).toEqual([
      'warning spec.http[0].route[0].destination.port.number: reviews.default.svc.cluster.local has no port 80 (9080)',
    ]);
  });
});

describe('subsets', () => {
  const rule = (host: string) =>
    istio('DestinationRule', 'r', `{ host: ${host}, subsets: [{ name: v1 }, { name: v2 }] }`);
  test('unknown beside a rule for the host: an error; without a rule: a warning, once', () => {
    expect(found(rule('reviews'), to('{ host: reviews, subset: v1 }'))).toEqual([]);
    expect(found(rule('reviews.default.svc.cluster.local'), to('{ host: reviews, subset: v3 }'))[0]).toMatch(
      /^error .*unknown subset "v3".* has v1, v2/,
    );
    expect(found(rule('ratings'), to('{ host: reviews, subset: v1 }'))).toEqual([
      'warning spec.http[0].route[0].destination.subset: no DestinationRule here defines subset "v1" of reviews.default.svc.cluster.local',
    ]);
  });
  test('a wildcard rule counts', () =>
    expect(found(rule('"*.default.svc.cluster.local"'), to('{ host: reviews, subset: v2 }'))).toEqual([]));
});

test('gateways: those of the set, by name and namespace; mesh is none', () => {
  const gateway = istio(
    'Gateway',
    'edge',
    '{ servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }',
  );
  const routes = (gateways: string) =>
    istio(
      'VirtualService',
      'a',
      `{ hosts: [shop.example.com], gateways: ${gateways}, http: [{ redirect: { uri: /x } }] }`,
    );
  expect(
    found(gateway, routes('[edge, default/edge, ./edge, mesh, edge.default.svc.cluster.local]')),
  ).toEqual([]);
  expect(found(gateway, routes('[egde]'))).toEqual([
    'warning spec.gateways[0]: no Gateway here is named default/egde; did you mean default/edge?',
  ]);
});

describe('delegates', () => {
  test('one without hosts that nobody delegates to does nothing', () => {
    const alone = istio('VirtualService', 'b', '{ http: [{ route: [{ destination: { host: reviews } }] }] }');
    expect(found(service('reviews'), alone)).toEqual([
      'warning spec.hosts: has none, and no VirtualService here delegates to it: it does nothing',
    ]);
  });
  const root = istio('VirtualService', 'a', '{ hosts: [reviews], http: [{ delegate: { name: b } }] }');
  test('one without hosts is right; one with hosts is not; a missing one may be elsewhere', () => {
    expect(found(root, istio('VirtualService', 'b', '{ http: [{ redirect: { uri: /x } }] }'))).toEqual([]);
    expect(
      found(root, istio('VirtualService', 'b', '{ hosts: [x], http: [{ redirect: { uri: /x } }] }')),
    ).toEqual([
      'error spec.http[0].delegate.name: VirtualService default/b has hosts; only one without hosts can be a delegate',
    ]);
    expect(found(root)).toEqual([
      'warning spec.http[0].delegate.name: no VirtualService here is named default/b',
    ]);
  });
  test('a circle is reported once', () => {
    const others = ['b', 'c'].map((name, index) =>
      istio(
        'VirtualService',
        name,
        `{ hosts: [${name}], http: [{ delegate: { name: ${['c', 'a'][index]} } }] }`,
      ),
    );
    expect(found(root, ...others)).toEqual([
      'error spec.http[0].delegate: delegates in a circle: default/a → default/b → default/c → default/a',
    ]);
  });
});

describe('workloads', () => {
  test('upstreams and dependencies that nobody provides', () => {
    expect(
      found(
        service('ratings'),
        workload('a', 'upstreams: ["ratings:9080", "rating:9080", "ratings:80"], dependsOn: [b]'),
      ),
    ).toEqual([
      'warning spec.dependsOn[0]: no Workload here is named default/b',
      'warning spec.upstreams[1]: no Service or ServiceEntry here declares rating.default.svc.cluster.local; did you mean ratings.default.svc.cluster.local?',
      'warning spec.upstreams[2]: ratings.default.svc.cluster.local has no port 80 (9080)',
    ]);
  });
  test('a selector that matches nothing, two that bind one port', () => {
    const selecting =
      '{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { selector: { app: b }, ports: [{ port: 80 }] } }';
    expect(
      found(
        selecting,
        workload('a', 'labels: { app: a }, ports: [{ port: 80, targetPort: 8000 }]'),
        workload('c', 'ports: [{ port: 80, targetPort: 8000 }]'),
      ),
    ).toEqual([
      'warning spec.selector: matches no Workload here (app=b)',
      'warning spec.ports[0].targetPort: is bound by Workload default/a too: 8000; both cannot run on one machine',
    ]);
  });
});

test('namespaces keep names apart, and the default one can be chosen', () => {
  expect(found(service('reviews', 'a'), service('reviews', 'b'))).toEqual([]);
  const named = (namespace?: string): Resource => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', ...(namespace === undefined ? {} : { namespace }) },
  });
  expect(
    crossCheck([named(), named('shop')], { defaultNamespace: 'shop' }).map((problems) => problems.length),
  ).toEqual([0, 1]);
  expect(crossCheck([named(), named('shop')]).flat()).toEqual([]);
});

test('what the mesh has already counts, is replaced by name, and gets no findings of its own', () => {
  const valid = (text: string) => parseResources(text).documents.flatMap(({ resource }) => resource ?? []);
  const rule = (subset: string) =>
    valid(istio('DestinationRule', 'r', `{ host: reviews, subsets: [{ name: ${subset} }] }`));
  const route = valid(to('{ host: reviews, subset: v1 }'));
  expect(crossCheck(route, { known: rule('v1') }).flat()).toEqual([]);
  expect(crossCheck([...route, ...rule('v2')], { known: rule('v1') }).flat()).toHaveLength(1);
  expect(crossCheck(valid(service('ratings')), { known: route })).toEqual([[]]);
});

describe('namespaces', () => {
  const mesh = '{ apiVersion: tulle.dev/v1alpha1, kind: Mesh, metadata: { name: m } }';
  const shop = '{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }';
  test('of a whole mesh are there', () => {
    expect(found(mesh, service('a', 'shop'))).toEqual([
      'error metadata.namespace: no Namespace shop here; add one',
    ]);
    expect(found(mesh, shop, service('a', 'shoo'))).toEqual([
      'error metadata.namespace: no Namespace shoo here; did you mean shop?',
    ]);
    expect(found(mesh, shop, service('a', 'shop'), service('a', 'tulle-system'))).toEqual([]);
  });
  test('of a part may be elsewhere', () => {
    expect(found(service('a', 'shop'))).toEqual([]);
  });
});
