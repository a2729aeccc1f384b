/** VirtualService: rewrite, redirect, direct answers, header operations, delegates. */
import { docs, gateway, service, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const to = 'route: [{ destination: { host: $host, subset: v1 } }]';

export const action: readonly Scenario[] = [
  {
    title: 'rewrite: the matched prefix is replaced',
    doc: docs.virtualService('HTTPRewrite'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /old } }]
          rewrite: { uri: /new }
          ${to}
      `),
    ],
    steps: [{ url: 'http://$host/old/x?y=z', expect: { seen: { ':path': '/new/x?y=z' } } }],
  },
  {
    title: 'rewrite: a path that matched exactly is replaced',
    doc: docs.virtualService('HTTPRewrite'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { exact: /old } }]
          rewrite: { uri: /new/place }
          ${to}
      `),
    ],
    steps: [{ url: 'http://$host/old?y=z', expect: { seen: { ':path': '/new/place?y=z' } } }],
  },
  {
    title: 'rewrite: authority',
    doc: docs.virtualService('HTTPRewrite'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - rewrite: { authority: inside.test }
          ${to}
      `),
    ],
    steps: [{ expect: { seen: { ':authority': 'inside.test', ':path': '/' } } }],
  },
  {
    title: 'rewrite: uriRegexRewrite with capture groups',
    doc: docs.virtualService('RegexRewrite'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { regex: "/service/[^/]+/.*" } }]
          rewrite: { uriRegexRewrite: { match: "^/service/([^/]+)(/.*)$", rewrite: '\\2/instance/\\1' } }
          ${to}
      `),
    ],
    steps: [
      {
        url: 'http://$host/service/foo/v1/api?q=1',
        expect: { seen: { ':path': '/v1/api/instance/foo?q=1' } },
      },
    ],
  },
  {
    title: 'redirect: 301 with the path and authority that it names',
    doc: docs.virtualService('HTTPRedirect'),
    resources: [
      virtualService(`
        http:
        - match: [{ uri: { exact: /v1/getProductRatings } }]
          redirect: { uri: /v1/bookRatings, authority: newratings.default.svc.cluster.local }
        - redirect: { scheme: https, redirectCode: 308 }
      `),
    ],
    steps: [
      {
        url: 'http://$host/v1/getProductRatings',
        expect: {
          status: 301,
          headers: { location: 'http://newratings.default.svc.cluster.local/v1/bookRatings' },
          received: 0,
        },
      },
      { url: 'http://$host/a?b=c', expect: { status: 308, headers: { location: 'https://$host/a?b=c' } } },
    ],
  },
  {
    title: 'redirect: port, and the port that was asked for (FROM_REQUEST_PORT)',
    doc: docs.virtualService('HTTPRedirect'),
    resources: [
      virtualService(`
        http:
        - match: [{ uri: { prefix: /port } }]
          redirect: { authority: there.test, port: 8888 }
        - match: [{ uri: { prefix: /derived } }]
          redirect: { authority: there.test, derivePort: FROM_REQUEST_PORT }
        - redirect: { authority: there.test, derivePort: FROM_PROTOCOL_DEFAULT }
      `),
    ],
    steps: [
      {
        url: 'http://$host/port',
        expect: { status: 301, headers: { location: 'http://there.test:8888/port' } },
      },
      {
        kind: 'http2',
        url: 'http://$host:81/derived',
        expect: { status: 301, headers: { location: 'http://there.test:81/derived' } },
      },
      {
        url: 'http://$host/other',
        expect: { status: 301, headers: { location: 'http://there.test/other' } },
      },
    ],
  },
  {
    title: 'headers: of answers that the proxy gives itself',
    doc: 'https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto#config-route-v3-directresponseaction',
    resources: [
      virtualService(`
        http:
        - match: [{ uri: { prefix: /closed } }]
          headers: { response: { set: { content-type: text/html, x-why: closed } } }
          directResponse: { status: 503, body: { string: <p>closed } }
        - headers: { response: { add: { x-why: moved } } }
          redirect: { uri: /new }
      `),
    ],
    steps: [
      {
        url: 'http://$host/closed',
        expect: {
          status: 503,
          headers: { 'content-type': 'text/html', 'x-why': 'closed' },
          body: '<p>closed',
        },
      },
      { expect: { status: 301, headers: { location: 'http://$host/new', 'x-why': 'moved' } } },
    ],
  },
  {
    title: 'directResponse: status and body as text, or as bytes; nobody is asked',
    doc: docs.virtualService('HTTPDirectResponse'),
    resources: [
      virtualService(`
        http:
        - match: [{ uri: { prefix: /text } }]
          directResponse: { status: 503, body: { string: "unknown error" } }
          headers: { response: { set: { content-type: text/plain } } }
        - match: [{ uri: { prefix: /bytes } }]
          directResponse: { status: 200, body: { bytes: aGVsbG8= } }
        - directResponse: { status: 418 }
      `),
    ],
    steps: [
      {
        url: 'http://$host/text',
        expect: {
          status: 503,
          body: 'unknown error',
          headers: { 'content-type': 'text/plain' },
          received: 0,
        },
      },
      { url: 'http://$host/bytes', expect: { status: 200, body: 'hello', received: 0 } },
      { expect: { status: 418, body: '' } },
    ],
  },
  {
    title: 'headers: request set, add, remove',
    doc: docs.virtualService('Headers-HeaderOperations'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - headers:
            request: { set: { x-set: new, x-fresh: made }, add: { x-add: more }, remove: [x-gone] }
          ${to}
      `),
    ],
    steps: [
      {
        headers: { 'x-set': 'old', 'x-add': 'some', 'x-gone': 'here', 'x-kept': 'yes' },
        expect: {
          seen: {
            'x-set': 'new',
            'x-fresh': 'made',
            'x-add': /^some, ?more$/,
            'x-gone': null,
            'x-kept': 'yes',
          },
        },
      },
    ],
  },
  {
    title: 'headers: response set, add, remove',
    doc: docs.virtualService('Headers-HeaderOperations'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - headers:
            response: { set: { x-set: new }, add: { x-add: more }, remove: [x-gone] }
          ${to}
      `),
    ],
    steps: [
      {
        behave: { fields: { 'x-set': 'old', 'x-add': 'some', 'x-gone': 'here' } },
        expect: { headers: { 'x-set': 'new', 'x-add': 'some, more', 'x-gone': null } },
      },
    ],
  },
  {
    title: 'headers: operations of one weighted destination',
    doc: docs.virtualService('HTTPRouteDestination'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - route:
          - destination: { host: $host, subset: v1 }
            weight: 100
            headers:
              request: { set: { x-for: v1 }, remove: [x-gone] }
              response: { set: { x-from: first } }
          - destination: { host: $host, subset: v2 }
            weight: 0
            headers: { request: { set: { x-for: v2 } } }
      `),
    ],
    steps: [
      {
        headers: { 'x-gone': 'here' },
        expect: { version: 'v1', seen: { 'x-for': 'v1', 'x-gone': null }, headers: { 'x-from': 'first' } },
      },
    ],
  },
  {
    title: 'headers: set authority by the Host header',
    doc: docs.virtualService('Headers'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - headers: { request: { set: { Host: by-header.test } } }
          ${to}
      `),
    ],
    steps: [{ expect: { seen: { ':authority': 'by-header.test' } } }],
  },
  {
    title: 'delegate: rules of another VirtualService under a prefix of this one',
    doc: docs.virtualService('Delegate'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: 80, name: http, protocol: HTTP }
          hosts: [$edge]
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ uri: { prefix: /productpage } }]
          delegate: { name: $name-productpage, namespace: elsewhere }
        - match: [{ uri: { prefix: /reviews } }]
          delegate: { name: $name-reviews }
      `),
      `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: $name-productpage, namespace: elsewhere }
spec:
  http:
  - match: [{ uri: { prefix: /productpage/v1/ } }]
    route: [{ destination: { host: $host, subset: v1 } }]
  - route: [{ destination: { host: $host, subset: v2 } }]
`,
      `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: $name-reviews }
spec:
  http:
  - route: [{ destination: { host: $host, subset: v3 } }]
`,
    ],
    steps: [
      { from: 'gateway', url: 'http://$edge/productpage/v1/x', expect: { version: 'v1' } },
      { from: 'gateway', url: 'http://$edge/productpage', expect: { version: 'v2' } },
      { from: 'gateway', url: 'http://$edge/reviews/1', expect: { version: 'v3' } },
      { from: 'gateway', url: 'http://$edge/', expect: { status: 404 } },
    ],
  },
  {
    title: 'rewrite: a prefix with its slash is replaced by the root',
    doc: docs.virtualService('HTTPRewrite'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /old/ } }]
          rewrite: { uri: / }
          ${to}
      `),
    ],
    steps: [{ url: 'http://$host/old/x', expect: { seen: { ':path': '/x' } } }],
  },
  {
    title: 'rewrite: uri and authority together',
    doc: docs.virtualService('HTTPRewrite'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /ratings } }]
          rewrite: { uri: /v1/bookRatings, authority: inside.test }
          ${to}
      `),
    ],
    steps: [
      {
        url: 'http://$host/ratings/7',
        expect: { seen: { ':path': '/v1/bookRatings/7', ':authority': 'inside.test' } },
      },
    ],
  },
  {
    title: 'destination: another service, under its short name in the rule’s namespace',
    doc: docs.virtualService('Destination'),
    resources: [
      service.replace('$name', '$name-other'),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /other } }]
          headers: { request: { set: { x-routed: other } } }
          route: [{ destination: { host: $name-other, port: { number: 80 } } }]
        - ${to.replace(', subset: v1', '')}
      `),
    ],
    steps: [
      { url: 'http://$host/other', expect: { seen: { 'x-routed': 'other', ':authority': '$host' } } },
      { expect: { seen: { 'x-routed': null } } },
    ],
  },
  {
    title: 'destination: another port of the service',
    doc: docs.virtualService('Destination'),
    resources: [
      virtualService(`
        http:
        - match: [{ uri: { prefix: /two } }]
          route: [{ destination: { host: $host, port: { number: 81 } } }]
        - route: [{ destination: { host: $host, port: { number: 80 } } }]
      `),
    ],
    steps: [
      { url: 'http://$host/two', expect: { seen: { ':version': '2.0' } } },
      { expect: { seen: { ':version': '1.1' } } },
    ],
  },
];
