/** Gateway: which certificates its servers show, and which clients’ they believe. */
import { docs, gateway, subsets, toHttp, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';
import { asked, https, refused } from './https-edge.ts';

const doc = docs.gateway('ServerTLSSettings');
const mode = docs.gateway('ServerTLSSettings-TLSmode');

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

/** Of two certificates each client gets the one whose key it can verify. */
const eachToWhomCanUseIt = [
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
] satisfies Scenario['steps'];

export const gatewayCertificates: readonly Scenario[] = [
  {
    title: 'gateway: TLS SIMPLE with a Secret’s certificate; the application learns that it was https',
    doc: docs.task('ingress/secure-ingress'),
    resources: https('{ mode: SIMPLE, credentialName: edge }'),
    steps: [
      {
        from: 'gateway',
        url: 'https://$edge/',
        expect: { version: 'v1', seen: { 'x-forwarded-proto': 'https', ':authority': '$edge' } },
      },
      { from: 'gateway', kind: 'http2', url: 'https://$edge/', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'gateway: two certificates, chosen by server name',
    doc: docs.task('ingress/secure-ingress'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: https-edge, protocol: HTTPS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
        - port: { number: $port, name: https-shop, protocol: HTTPS }
          hosts: [$name.shop.test]
          tls: { mode: SIMPLE, credentialName: shop }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - ${toHttp('v1')}
      `),
      virtualService(
        `
        hosts: [$name.shop.test]
        gateways: [$name]
        http:
        - ${toHttp('v2')}
      `,
        '$name-shop',
      ),
    ],
    steps: [
      { from: 'gateway', port: '$port', url: 'https://$edge/', expect: { version: 'v1' } },
      { from: 'gateway', port: '$port', url: 'https://$name.shop.test/', expect: { version: 'v2' } },
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
    steps: eachToWhomCanUseIt,
  },
  {
    title: 'gateway TLS: the same from files (tlsCertificates)',
    doc,
    resources: bytes(
      '{ mode: SIMPLE, tlsCertificates: [{ serverCertificate: $certs/edge-rsa.pem, privateKey: $certs/edge-rsa.key }, { serverCertificate: $certs/edge.pem, privateKey: $certs/edge.key }] }',
    ),
    steps: eachToWhomCanUseIt,
  },
  {
    title: 'gateway: TLS MUTUAL wants a client’s certificate of its roots',
    doc: mode,
    resources: https('{ mode: MUTUAL, credentialName: edge-mutual }'),
    steps: [
      { from: 'gateway', url: 'https://$edge/', certificate: 'visitor', expect: { version: 'v1' } },
      { from: 'gateway', url: 'https://$edge/', expect: { refused: true, received: 0 } },
      {
        from: 'gateway',
        url: 'https://$edge/',
        certificate: 'stranger',
        expect: { refused: true, received: 0 },
      },
    ],
  },
  {
    title: 'gateway: TLS OPTIONAL_MUTUAL takes clients without a certificate, but no wrong one',
    doc: mode,
    resources: https('{ mode: OPTIONAL_MUTUAL, credentialName: edge-mutual }'),
    steps: [
      { from: 'gateway', url: 'https://$edge/', certificate: 'visitor', expect: { version: 'v1' } },
      { from: 'gateway', url: 'https://$edge/', expect: { version: 'v1' } },
      {
        from: 'gateway',
        url: 'https://$edge/',
        certificate: 'stranger',
        expect: { refused: true, received: 0 },
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
];
