/** Gateway: which TLS its servers speak, and which protocols in it. */
import {
  destinationRule,
  docs,
  gateway,
  outsideApplication,
  subsets,
  toHttp,
  virtualService,
} from '../documents.ts';
import type { Scenario } from '../scenario.ts';
import { asked, https, refused } from './https-edge.ts';

const doc = docs.gateway('ServerTLSSettings');

export const gatewayTls: readonly Scenario[] = [
  {
    title: 'gateway TLS: HTTP/1.1, HTTP/2 and gRPC by ALPN on one server',
    doc,
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: 443, name: https, protocol: HTTPS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - route: [{ destination: { host: $host, port: { number: 82 }, subset: v1 } }]
      `),
    ],
    steps: [
      asked(),
      asked({ kind: 'http2' }),
      {
        from: 'gateway',
        kind: 'grpc',
        url: 'https://$edge/test.Echo/Unary',
        expect: { version: 'v1', grpcStatus: 0, seen: { 'x-forwarded-proto': 'https' } },
      },
    ],
  },
  {
    title: 'gateway TLS: TLS 1.2 is the least by default, minProtocolVersion asks for more',
    doc: docs.gateway('ServerTLSSettings-TLSProtocol'),
    resources: [
      ...https('{ mode: SIMPLE, credentialName: edge, minProtocolVersion: TLSV1_3 }'),
      gateway(
        `
        servers:
        - port: { number: $port, name: https, protocol: HTTPS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
      `,
        '$name-default',
      ),
      virtualService(
        `
        hosts: [$edge]
        gateways: [$name-default]
        http:
        - route: [{ destination: { host: $host, port: { number: 80 }, subset: v1 } }]
      `,
        '$name-default',
      ),
    ],
    steps: [
      asked({ offers: { minVersion: 'TLSv1.3' } }),
      refused({ offers: { maxVersion: 'TLSv1.2' } }),
      asked({ port: '$port', offers: { maxVersion: 'TLSv1.2' } }),
      asked({ port: '$port', offers: { minVersion: 'TLSv1.3' } }),
    ],
  },
  {
    title: 'gateway TLS: maxProtocolVersion, and the cipher suites below TLS 1.3',
    doc: docs.gateway('ServerTLSSettings'),
    resources: https(
      '{ mode: SIMPLE, credentialName: edge, maxProtocolVersion: TLSV1_2, cipherSuites: [ECDHE-ECDSA-AES256-GCM-SHA384] }',
    ),
    steps: [
      refused({ offers: { minVersion: 'TLSv1.3' } }),
      asked({ offers: { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } }),
      refused({ offers: { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } }),
    ],
  },
  {
    title: 'gateway TLS: ecdhCurves',
    doc: docs.gateway('ServerTLSSettings'),
    resources: https('{ mode: SIMPLE, credentialName: edge, ecdhCurves: [P-384] }'),
    steps: [asked({ offers: { ecdhCurve: 'P-384' } }), refused({ offers: { ecdhCurve: 'X25519' } })],
  },
  {
    title: 'gateway: a request for a host that the connection’s server name is not for is misdirected',
    doc: 'https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20',
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: 443, name: https, protocol: HTTPS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
        - port: { number: 443, name: https-2, protocol: HTTPS }
          hosts: [second-$name.edge.test]
          tls: { mode: SIMPLE, credentialName: edge }
      `),
      virtualService(`
        hosts: [$edge, second-$name.edge.test]
        gateways: [$name]
        http:
        - ${toHttp('v1')}
      `),
    ],
    steps: [
      { from: 'gateway', url: 'https://$edge/', expect: { version: 'v1' } },
      { from: 'gateway', url: 'https://second-$name.edge.test/', expect: { version: 'v1' } },
      {
        kind: 'http2',
        from: 'gateway',
        url: 'https://$edge/',
        headers: { ':authority': 'second-$name.edge.test' },
        expect: { status: 421, received: 0 },
      },
    ],
    differs: {
      engine: 'envoy',
      because: 'Envoy knows no other hosts than those of the connection’s filter chain',
      steps: [
        {
          kind: 'http2',
          from: 'gateway',
          url: 'https://$edge/',
          headers: { ':authority': 'second-$name.edge.test' },
          expect: { status: 404, received: 0 },
        },
      ],
    },
  },
  {
    title: 'gateway TLS: ISTIO_MUTUAL on the way out: sidecars show their own certificate to it',
    doc: docs.task('egress/egress-gateway'),
    resources: [
      outsideApplication(),
      gateway(`
        servers:
        - port: { number: 443, name: https, protocol: HTTPS }
          hosts: [$outside]
          tls: { mode: ISTIO_MUTUAL }
      `),
      destinationRule(`
        host: ingressgateway.tulle-system.svc.cluster.local
        subsets:
        - name: $name
          trafficPolicy:
            portLevelSettings:
            - port: { number: 443 }
              tls: { mode: ISTIO_MUTUAL, sni: $outside }
      `),
      virtualService(`
        hosts: [$outside]
        gateways: [$name, mesh]
        http:
        - match: [{ gateways: [mesh], port: 80 }]
          route: [{ destination: { host: ingressgateway.tulle-system.svc.cluster.local, subset: $name, port: { number: 443 } } }]
        - match: [{ gateways: [$name], port: 443 }]
          headers: { request: { set: { x-way: gateway } } }
          route: [{ destination: { host: $outside, port: { number: 80 } } }]
      `),
    ],
    steps: [
      {
        url: 'http://$outside/a',
        expect: {
          version: 'out1',
          received: 1,
          seen: { 'x-way': 'gateway', ':authority': '$outside' },
        },
      },
    ],
  },
];
