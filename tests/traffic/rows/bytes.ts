/** TCP and TLS by sidecars and gateways: matches of addresses, pools of connections, TLS that the proxy adds. */
import { destinationRule, docs, gateway, serviceEntry, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const to = (version: string, port = 83): string =>
  `route: [{ destination: { host: $host, port: { number: ${port} }, subset: ${version} } }]`;
const pool = (tcp: string): string => destinationRule(`trafficPolicy: { connectionPool: { tcp: ${tcp} } }`);
const poolDoc = docs.destinationRule('ConnectionPoolSettings-TCPSettings');

/** A host outside whose port 9000 leads to a port of the application. */
const outside = (targetPort: string, more = ''): string =>
  serviceEntry(`
    location: MESH_EXTERNAL
    resolution: STATIC
    ports: [{ number: 9000, name: tcp, protocol: TCP, targetPort: ${targetPort} }]
    endpoints: [{ address: 127.0.0.1 }]
    ${more}
  `);

export const bytes: readonly Scenario[] = [
  {
    title: 'tcp: by the caller’s address (sourceSubnet)',
    doc: docs.virtualService('L4MatchAttributes'),
    resources: [
      subsets(),
      virtualService(`
        tcp:
        - match: [{ sourceSubnet: 127.0.0.8/30 }]
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      { kind: 'tcp', to: '$host:83', source: '127.0.0.9', expect: { version: 'v2' } },
      { kind: 'tcp', to: '$host:83', source: '127.0.0.12', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'tcp: by the caller’s namespace, and for sidecars alone (gateways)',
    doc: docs.virtualService('L4MatchAttributes'),
    resources: [
      subsets(),
      virtualService(`
        gateways: [mesh, $name]
        tcp:
        - match: [{ gateways: [$name] }]
          ${to('v3')}
        - match: [{ sourceNamespace: elsewhere, gateways: [mesh] }]
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      { kind: 'tcp', to: '$host:83', expect: { version: 'v1' } },
      { kind: 'tcp', from: 'other', to: '$host:83', expect: { version: 'v2' } },
    ],
  },
  {
    title: 'tcp: at a gateway, by the port and the client’s address',
    doc: docs.virtualService('L4MatchAttributes'),
    resources: [
      subsets(),
      gateway(`
        servers:
        - port: { number: $port, name: one, protocol: TCP }
          hosts: ["*"]
        - port: { number: $port2, name: two, protocol: TCP }
          hosts: ["*"]
      `),
      virtualService(`
        hosts: ["*"]
        gateways: [$name]
        tcp:
        - match: [{ port: $port2 }]
          ${to('v3')}
        - match: [{ port: $port, sourceSubnet: 127.0.0.9 }]
          ${to('v2')}
        - match: [{ port: $port }]
          ${to('v1')}
      `),
    ],
    steps: [
      { kind: 'tcp', from: 'gateway', to: ':$port', expect: { version: 'v1' } },
      { kind: 'tcp', from: 'gateway', to: ':$port', source: '127.0.0.9', expect: { version: 'v2' } },
      { kind: 'tcp', from: 'gateway', to: ':$port2', source: '127.0.0.9', expect: { version: 'v3' } },
    ],
  },
  {
    title: 'tls: by the caller’s labels and namespace, the rule’s port',
    doc: docs.virtualService('TLSMatchAttributes'),
    resources: [
      subsets(),
      virtualService(`
        tls:
        - match: [{ port: 85, sniHosts: [$host] }]
          ${to('v1', 84)}
        - match: [{ port: 84, sniHosts: [$host], sourceLabels: { tier: gold } }]
          ${to('v2', 84)}
        - match: [{ sniHosts: [$host], sourceNamespace: traffic, gateways: [mesh] }]
          ${to('v3', 84)}
      `),
    ],
    steps: [
      { kind: 'tls', to: '$host:84', sni: '$host', expect: { version: 'v3' } },
      { kind: 'tls', from: 'other', to: '$host:84', sni: '$host', expect: { version: 'v2' } },
    ],
  },
  {
    title: 'tls: by the caller’s namespace, and for sidecars alone (gateways)',
    doc: docs.virtualService('TLSMatchAttributes'),
    resources: [
      subsets(),
      virtualService(`
        gateways: [mesh, $name]
        tls:
        - match: [{ sniHosts: [$host], gateways: [$name] }]
          ${to('v3', 84)}
        - match: [{ sniHosts: [$host], sourceNamespace: elsewhere, gateways: [mesh] }]
          ${to('v2', 84)}
        - match: [{ sniHosts: [$host] }]
          ${to('v1', 84)}
      `),
    ],
    steps: [
      { kind: 'tls', to: '$host:84', sni: '$host', expect: { version: 'v1' } },
      { kind: 'tls', from: 'other', to: '$host:84', sni: '$host', expect: { version: 'v2' } },
    ],
  },
  {
    title: 'tls: by the address that was called (destinationSubnets)',
    doc: docs.virtualService('TLSMatchAttributes'),
    resources: [
      serviceEntry(`
        addresses: [10.99.0.8]
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 9443, name: tls, protocol: TLS, targetPort: $tls }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      subsets(),
      virtualService(`
        hosts: [$outside]
        tls:
        - match: [{ sniHosts: [$outside], destinationSubnets: [10.98.0.0/16] }]
          ${to('v1', 84)}
        - match: [{ sniHosts: [$outside], destinationSubnets: [10.99.0.0/16] }]
          ${to('v2', 84)}
      `),
    ],
    steps: [{ kind: 'tls', to: '$outside:9443', sni: '$outside', expect: { version: 'v2' } }],
  },
  {
    title: 'tls: weights between subsets, in a sidecar',
    doc: docs.virtualService('RouteDestination'),
    resources: [
      subsets(),
      virtualService(`
        tls:
        - match: [{ sniHosts: [$host] }]
          route:
          - { destination: { host: $host, port: { number: 84 }, subset: v1 }, weight: 25 }
          - { destination: { host: $host, port: { number: 84 }, subset: v3 }, weight: 75 }
      `),
    ],
    steps: [
      { kind: 'tls', to: '$host:84', sni: '$host', times: 60, expect: { shares: { v1: 0.25, v3: 0.75 } } },
    ],
  },
  {
    title: 'tcp: the same instance for the same caller’s address (useSourceIp)',
    doc: docs.destinationRule('LoadBalancerSettings-ConsistentHashLB'),
    resources: [
      destinationRule('trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: true } } }'),
    ],
    steps: [{ kind: 'tcp', to: '$host:83', times: 12, expect: { versions: 1 } }],
  },
  {
    title: 'tcp: ROUND_ROBIN and the nearest instances first',
    doc: docs.task('locality-load-balancing/failover'),
    resources: [
      destinationRule(`
        trafficPolicy:
          loadBalancer: { simple: ROUND_ROBIN, localityLbSetting: { enabled: true } }
          outlierDetection: { consecutive5xxErrors: 3 }
      `),
    ],
    steps: [{ kind: 'tcp', from: 'near', to: '$host:83', times: 8, expect: { version: 'v1' } }],
  },
  {
    title: 'tcp pool: more connections than maxConnections are closed',
    doc: poolDoc,
    resources: [pool('{ maxConnections: 2 }')],
    steps: [{ kind: 'tcp', to: '$host:83', times: 4, held: true, expect: { served: 2 } }],
  },
  {
    title: 'tcp pool: idleTimeout closes connections that nobody uses',
    doc: poolDoc,
    resources: [pool('{ idleTimeout: 0.4s }')],
    steps: [{ kind: 'tcp', to: '$host:83', expect: { closedAfterMs: 390 } }],
  },
  {
    title: 'tcp pool: maxConnectionDuration closes connections in use, too',
    doc: poolDoc,
    resources: [pool('{ maxConnectionDuration: 0.4s }')],
    steps: [{ kind: 'tcp', to: '$host:83', expect: { closedAfterMs: 390 } }],
  },
  {
    title: 'tls origination of bytes: SIMPLE',
    doc: docs.destinationRule('ClientTLSSettings'),
    resources: [
      outside('$tls'),
      destinationRule(`
        host: $outside
        trafficPolicy: { tls: { mode: SIMPLE, caCertificates: $certs/ca.pem, sni: $outside } }
      `),
    ],
    steps: [{ kind: 'tcp', to: '$outside:9000', expect: { line: /^out1 $outside - hello$/ } }],
  },
  {
    title: 'tls origination of bytes: a revoked server’s certificate is refused (caCrl)',
    doc: docs.destinationRule('ClientTLSSettings'),
    resources: [
      outside('$tls2nd'),
      destinationRule(`
        host: $outside
        trafficPolicy: { tls: { mode: SIMPLE, caCertificates: $certs/ca.pem, caCrl: $certs/crl.pem, sni: $outside } }
      `),
    ],
    steps: [{ kind: 'tcp', to: '$outside:9000', expect: { refused: true } }],
  },
  {
    title: 'tls origination: subjectAltNames of a ServiceEntry, where the DestinationRule names none',
    doc: docs.serviceEntry('ServiceEntry'),
    resources: [
      outside('$tls', 'subjectAltNames: [someone.test]'),
      destinationRule(`
        host: $outside
        trafficPolicy: { tls: { mode: SIMPLE, caCertificates: $certs/ca.pem, sni: $outside } }
      `),
    ],
    steps: [{ kind: 'tcp', to: '$outside:9000', expect: { refused: true } }],
  },
  {
    title: 'proxyProtocol: version 2 begins with its signature',
    doc: docs.destinationRule('TrafficPolicy-ProxyProtocol'),
    resources: [
      outside('$tcp'),
      destinationRule('host: $outside\ntrafficPolicy: { proxyProtocol: { version: V2 } }'),
    ],
    // CR LF CR LF NUL CR LF QUIT LF: four lines before the rest.
    steps: [{ kind: 'tcp', to: '$outside:9000', expect: { line: /^out1 *\r?(\n|$)/ } }],
  },
];
