/** Gateway: what its TLS servers show, whom they believe, which TLS they speak. */
import { destinationRule, docs, gateway, serviceEntry, subsets, virtualService } from '../documents.ts';
import type { HttpStep, Scenario } from '../scenario.ts';

const doc = docs.gateway('ServerTLSSettings');
const mode = docs.gateway('ServerTLSSettings-TLSmode');
const bound = virtualService(`
  hosts: [$edge]
  gateways: [$name]
  http:
  - route: [{ destination: { host: $host, port: { number: 80 }, subset: v1 } }]
`);

/** An HTTPS server for `$edge`, and a route to v1. */
const https = (tls: string): readonly string[] => [
  subsets(),
  gateway(`
    servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [$edge]
      tls: ${tls}
  `),
  bound,
];
/** A server of its own port for TLS that ends there, and a route of bytes to v1. */
const bytes = (tls: string): readonly string[] => [
  subsets(),
  gateway(`
    servers:
    - port: { number: $port, name: tls, protocol: TLS }
      hosts: ["*"]
      tls: ${tls}
  `),
  virtualService(`
    hosts: ["*"]
    gateways: [$name]
    tcp:
    - route: [{ destination: { host: $host, port: { number: 83 }, subset: v1 } }]
  `),
];
const ofSidecars = { ALPNProtocols: ['istio'] };
const asked = (more: Omit<HttpStep, 'expect'> = {}): HttpStep => ({
  from: 'gateway',
  url: 'https://$edge/',
  ...more,
  expect: { version: 'v1' },
});
const refused = (more: Omit<HttpStep, 'expect'> = {}): HttpStep => ({
  from: 'gateway',
  url: 'https://$edge/',
  ...more,
  expect: { refused: true, received: 0 },
});

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
    title: 'gateway TLS: roots from a Secret of their own (caCertCredentialName)',
    doc,
    resources: https('{ mode: MUTUAL, credentialName: edge, caCertCredentialName: edge-roots }'),
    steps: [asked({ certificate: 'visitor' }), refused(), refused({ certificate: 'stranger' })],
  },
  {
    title: 'gateway TLS: certificate, key and roots from files',
    doc,
    resources: https(
      '{ mode: MUTUAL, serverCertificate: $certs/edge.pem, privateKey: $certs/edge.key, caCertificates: $certs/ca.pem }',
    ),
    steps: [asked({ certificate: 'visitor' }), refused({ certificate: 'stranger' })],
  },
  {
    title: 'gateway TLS: an RSA and an ECDSA certificate (credentialNames), each to whom can use it',
    doc,
    resources: bytes('{ mode: SIMPLE, credentialNames: [edge-rsa, edge] }'),
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        offers: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
        expect: { version: 'v1', certificate: 'edge-rsa' },
      },
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        offers: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
        expect: { version: 'v1', certificate: 'edge' },
      },
    ],
  },
  {
    title: 'gateway TLS: the same from files (tlsCertificates)',
    doc,
    resources: bytes(
      '{ mode: SIMPLE, tlsCertificates: [{ serverCertificate: $certs/edge-rsa.pem, privateKey: $certs/edge-rsa.key }, { serverCertificate: $certs/edge.pem, privateKey: $certs/edge.key }] }',
    ),
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        offers: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
        expect: { version: 'v1', certificate: 'edge-rsa' },
      },
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        offers: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
        expect: { version: 'v1', certificate: 'edge' },
      },
    ],
  },
  {
    title: 'gateway TLS: subjectAltNames that a client’s certificate must have',
    doc,
    resources: https('{ mode: MUTUAL, credentialName: edge-mutual, subjectAltNames: [visitor.test] }'),
    steps: [asked({ certificate: 'visitor' }), refused({ certificate: 'edge' })],
  },
  {
    title: 'gateway TLS: verifyCertificateHash and verifyCertificateSpki name the clients',
    doc,
    resources: [
      ...https('{ mode: MUTUAL, credentialName: edge-mutual, verifyCertificateHash: [$hash] }'),
      gateway(
        `
        servers:
        - port: { number: 443, name: https, protocol: HTTPS }
          hosts: [spki-$edge]
          tls: { mode: MUTUAL, credentialName: edge-mutual, verifyCertificateSpki: ["$spki"] }
      `,
        '$name-spki',
      ),
      virtualService(
        `
        hosts: [spki-$edge]
        gateways: [$name-spki]
        http:
        - directResponse: { status: 200 }
      `,
        '$name-spki',
      ),
    ],
    steps: [
      asked({ certificate: 'visitor' }),
      refused({ certificate: 'edge' }),
      { from: 'gateway', url: 'https://spki-$edge/', certificate: 'visitor', expect: {} },
      refused({ url: 'https://spki-$edge/', certificate: 'edge' }),
    ],
  },
  {
    title: 'gateway TLS: certificates of a revocation list are refused',
    doc,
    resources: https(
      '{ mode: MUTUAL, serverCertificate: $certs/edge.pem, privateKey: $certs/edge.key, caCertificates: $certs/ca.pem, caCrl: $certs/crl.pem }',
    ),
    steps: [asked({ certificate: 'visitor' }), refused({ certificate: 'revoked' })],
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
    title: 'gateway TLS: insecureSkipVerify takes any client’s certificate, but wants one',
    doc,
    resources: https('{ mode: MUTUAL, credentialName: edge-mutual, insecureSkipVerify: true }'),
    steps: [asked({ certificate: 'stranger' }), refused()],
  },
  {
    title: 'gateway TLS: OPTIONAL_MUTUAL for bytes',
    doc: mode,
    resources: bytes('{ mode: OPTIONAL_MUTUAL, credentialName: edge-mutual }'),
    steps: [
      { kind: 'tls', from: 'gateway', to: ':$port', sni: '$edge', expect: { version: 'v1' } },
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        certificate: 'visitor',
        expect: { version: 'v1', certificate: 'edge' },
      },
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        certificate: 'stranger',
        expect: { refused: true },
      },
    ],
  },
  {
    title: 'gateway TLS: ISTIO_MUTUAL takes certificates of the mesh alone',
    doc: mode,
    resources: bytes('{ mode: ISTIO_MUTUAL }'),
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        certificate: 'mesh',
        expect: { version: 'v1', line: /^v1 hello$/ },
      },
      { kind: 'tls', from: 'gateway', to: ':$port', sni: '$edge', expect: { refused: true } },
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        certificate: 'visitor',
        expect: { refused: true },
      },
    ],
  },
  {
    title: 'gateway TLS: ISTIO_MUTUAL on the way out: sidecars show their own certificate to it',
    doc: docs.task('egress/egress-gateway'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 80, name: http, protocol: HTTP, targetPort: $http }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
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
  {
    title:
      'gateway TLS: AUTO_PASSTHROUGH leads a client of the mesh to the port and subset of its server name',
    doc: mode,
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: ["*.traffic.svc.cluster.local"]
          tls: { mode: AUTO_PASSTHROUGH }
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: 'outbound_.83_.v2_.$host',
        certificate: 'mesh',
        offers: ofSidecars,
        times: 4,
        expect: { version: 'v2' },
      },
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: 'outbound_.83_.v9_.$host',
        certificate: 'mesh',
        offers: ofSidecars,
        expect: { refused: true },
      },
    ],
  },
  {
    title: 'gateway TLS: PASSTHROUGH by exact name before wildcard',
    doc: docs.virtualService('TLSMatchAttributes'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: ["*.$edge"]
          tls: { mode: PASSTHROUGH }
      `),
      virtualService(`
        hosts: ["*.$edge"]
        gateways: [$name]
        tls:
        - match: [{ port: $port, sniHosts: [a.$edge], gateways: [$name] }]
          route: [{ destination: { host: $host, port: { number: 84 }, subset: v2 } }]
        - match: [{ port: $port, sniHosts: ["*.$edge"] }]
          route: [{ destination: { host: $host, port: { number: 84 }, subset: v3 } }]
      `),
    ],
    steps: [
      { kind: 'tls', from: 'gateway', to: ':$port', sni: 'a.$edge', expect: { version: 'v2' } },
      { kind: 'tls', from: 'gateway', to: ':$port', sni: 'b.$edge', expect: { version: 'v3' } },
    ],
  },
  {
    title: 'gateway: a server binds the address that it names',
    doc: docs.gateway('Server'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tcp, protocol: TCP }
          bind: 127.0.0.2
          name: inner
          hosts: ["*"]
      `),
      virtualService(`
        hosts: ["*"]
        gateways: [$name]
        tcp:
        - route: [{ destination: { host: $host, port: { number: 83 }, subset: v1 } }]
      `),
    ],
    steps: [
      { kind: 'tcp', from: 'gateway', to: '127.0.0.2:$port', expect: { version: 'v1' } },
      { kind: 'tcp', from: 'gateway', to: ':$port', expect: { refused: true } },
    ],
  },
];
