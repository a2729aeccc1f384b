/** Gateway: ports for bytes, and TLS that is led on by its server name. */
import { docs, gateway, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const tlsMode = docs.gateway('ServerTLSSettings-TLSmode');
const ofSidecars = { ALPNProtocols: ['istio'] };

/** A server of its own port, for bytes. */
const ownPort = (protocol: string, tls = ''): string =>
  gateway(`
    servers:
    - port: { number: $port, name: own, protocol: ${protocol} }
      hosts: ["*"]
      ${tls}
  `);

export const gatewayBytes: readonly Scenario[] = [
  {
    title: 'gateway: a port for bytes',
    doc: docs.virtualService('TCPRoute'),
    resources: [
      subsets(),
      ownPort('TCP'),
      virtualService(`
        hosts: ["*"]
        gateways: [$name]
        tcp:
        - match: [{ port: $port }]
          route:
          - { destination: { host: $host, port: { number: 83 }, subset: v1 }, weight: 50 }
          - { destination: { host: $host, port: { number: 83 }, subset: v2 }, weight: 50 }
      `),
    ],
    steps: [
      { kind: 'tcp', from: 'gateway', to: ':$port', times: 80, expect: { shares: { v1: 0.5, v2: 0.5 } } },
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
  {
    title: 'gateway: TLS is terminated, then bytes are routed',
    doc: docs.gateway('Port'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: [$edge]
          tls: { mode: SIMPLE, credentialName: edge }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        tcp:
        - route: [{ destination: { host: $host, port: { number: 83 }, subset: v3 } }]
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        expect: { version: 'v3', certificate: 'edge', line: /^v3 hello$/ },
      },
    ],
  },
  {
    title: 'gateway: TLS PASSTHROUGH is routed by server name and not opened',
    doc: docs.task('ingress/ingress-sni-passthrough'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: [$edge, other-$name.edge.test]
          tls: { mode: PASSTHROUGH }
      `),
      virtualService(`
        hosts: [$edge, other-$name.edge.test]
        gateways: [$name]
        tls:
        - match: [{ sniHosts: [$edge] }]
          route: [{ destination: { host: $host, port: { number: 84 }, subset: v2 } }]
        - match: [{ sniHosts: [other-$name.edge.test] }]
          route: [{ destination: { host: $host, port: { number: 84 }, subset: v3 } }]
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        expect: { version: 'v2', sni: '$edge', certificate: 'outside' },
      },
      { kind: 'tls', from: 'gateway', to: ':$port', sni: 'other-$name.edge.test', expect: { version: 'v3' } },
      { kind: 'tls', from: 'gateway', to: ':$port', sni: 'unknown.test', expect: { refused: true } },
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
    title: 'gateway: TLS routes share by weight',
    doc: docs.virtualService('RouteDestination'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: [$edge]
          tls: { mode: PASSTHROUGH }
      `),
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        tls:
        - match: [{ sniHosts: [$edge] }]
          route:
          - { destination: { host: $host, port: { number: 84 }, subset: v1 }, weight: 30 }
          - { destination: { host: $host, port: { number: 84 }, subset: v2 }, weight: 70 }
      `),
    ],
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: '$edge',
        times: 80,
        expect: { shares: { v1: 0.3, v2: 0.7 } },
      },
    ],
  },
  {
    title: 'gateway: AUTO_PASSTHROUGH leads by a name of the mesh, and opens nothing',
    doc: tlsMode,
    resources: [
      gateway(`
        servers:
        - port: { number: $port, name: tls, protocol: TLS }
          hosts: ["*.traffic.svc.cluster.local"]
          tls: { mode: AUTO_PASSTHROUGH }
      `),
    ],
    // The other end is a sidecar that asks for a certificate of the mesh.
    steps: [
      {
        kind: 'tls',
        from: 'gateway',
        to: ':$port',
        sni: 'outbound_.83_._.$host',
        expect: { refused: true },
      },
    ],
  },
  {
    title:
      'gateway TLS: AUTO_PASSTHROUGH leads a client of the mesh to the port and subset of its server name',
    doc: tlsMode,
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
];
