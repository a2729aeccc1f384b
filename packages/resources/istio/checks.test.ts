import { describe, expect, test } from 'vitest';
import { parseResources } from '../parse.ts';

/** Severity, path and code of what is found in the spec of a kind. */
function found(kind: string, spec: string): string[] {
  const group = kind === 'PeerAuthentication' ? 'security' : 'networking';
  const text = `apiVersion: ${group}.istio.io/v1\nkind: ${kind}\nmetadata: { name: a }\nspec: ${spec}\n`;
  const { documents } = parseResources(text);
  return documents.flatMap(({ problems }) =>
    problems.map(({ severity, path, code }) => `${severity} ${path.replace(/^spec\.?/, '')} ${code}`),
  );
}
const http = (route: string) => found('VirtualService', `{ hosts: [reviews], http: [${route}] }`);
const to = 'route: [{ destination: { host: reviews } }]';

describe('VirtualService', () => {
  test.each([
    [`{ ${to} }`, []],
    ['{ route: [{ destination: { host: reviews }, weight: 0 }] }', []],
    ['{ route: [{ destination: { host: a }, weight: 100 }, { destination: { host: b }, weight: 0 }] }', []],
    ['{ route: [{ destination: { host: a }, weight: 100 }, { destination: { host: b } }] }', []],
    [
      '{ route: [{ destination: { host: a }, weight: 3 }, { destination: { host: b }, weight: 1 }] }',
      ['warning http[0].route weights-sum'],
    ],
    [
      '{ route: [{ destination: { host: a } }, { destination: { host: b } }] }',
      ['error http[0].route weights-sum'],
    ],
    ['{ route: [] }', ['error http[0].route required']],
    ['{ redirect: {} }', ['error http[0].redirect required']],
    ['{ redirect: { uri: /a, prefixRewrite: /b } }', ['error http[0].redirect.prefixRewrite conflict']],
    [
      '{ redirect: { port: 80, derivePort: FROM_REQUEST_PORT } }',
      ['error http[0].redirect.derivePort one-of'],
    ],
    ['{ redirect: { scheme: ftp } }', ['error http[0].redirect.scheme wrong-value']],
    ['{ redirect: { uri: /a }, rewrite: { uri: /b } }', ['error http[0].rewrite conflict']],
    ['{ directResponse: { status: 503, body: { string: a } } }', []],
    [
      '{ directResponse: { status: 503, body: { string: a, bytes: YQ== } } }',
      ['error http[0].directResponse.body.bytes one-of'],
    ],
    [`{ ${to}, rewrite: {} }`, ['error http[0].rewrite required']],
    [
      `{ ${to}, rewrite: { uri: /a, uriRegexRewrite: { match: b, rewrite: c } } }`,
      ['error http[0].rewrite.uriRegexRewrite conflict'],
    ],
    [
      `{ ${to}, rewrite: { uriRegexRewrite: { rewrite: c } } }`,
      ['error http[0].rewrite.uriRegexRewrite.match required'],
    ],
    [`{ ${to}, retries: { attempts: -1 } }`, ['error http[0].retries.attempts out-of-range']],
    [`{ ${to}, retries: { attempts: 10, retryOn: "5xx, 503,gateway-error" } }`, []],
    [`{ ${to}, retries: { attempts: 0 } }`, []],
    [`{ ${to}, fault: {} }`, ['error http[0].fault required']],
    [`{ ${to}, fault: { delay: {} } }`, ['warning http[0].fault.delay no-effect']],
    [
      `{ ${to}, fault: { delay: { percent: 5, fixedDelay: 1s } } }`,
      ['warning http[0].fault.delay.percent deprecated'],
    ],
    [`{ ${to}, fault: { abort: { percentage: { value: 1 } } } }`, ['warning http[0].fault.abort no-effect']],
    [
      `{ ${to}, corsPolicy: { allowOrigin: ["https://a"] } }`,
      ['warning http[0].corsPolicy.allowOrigin deprecated'],
    ],
    [`{ ${to}, match: [{ uri: { prefix: "" } }] }`, ['error http[0].match[0].uri.prefix required']],
    [`{ ${to}, match: [{ method: { regex: "" } }] }`, ['error http[0].match[0].method.regex required']],
    [
      `{ ${to}, rewrite: { uriRegexRewrite: { match: b } } }`,
      ['error http[0].rewrite.uriRegexRewrite.rewrite required'],
    ],
    [
      `{ ${to}, rewrite: { authority: a }, headers: { request: { set: { Host: b } } } }`,
      ['error http[0].headers.request.set.Host conflict'],
    ],
    [
      `{ ${to}, headers: { request: { set: { ":authority": a }, add: { host: b } } } }`,
      ['error http[0].headers.request.add.host conflict'],
    ],
    [
      `{ ${to}, headers: { response: { add: { a: "100%" } } } }`,
      ['error http[0].headers.response.add.a bad-header'],
    ],
    [`{ ${to}, headers: { response: { add: { a: "100%% %REQ(b?c):3% %START_TIME(%s)%" } } } }`, []],
    ['{ route: [{ destination: { host: a, subset: Stable-2 } }] }', []],
    [
      '{ route: [{ destination: { host: a, subset: v1.0 } }] }',
      ['error http[0].route[0].destination.subset bad-name'],
    ],
    [
      `{ ${to}, mirror: { host: b }, mirrors: [{ destination: { host: c } }] }`,
      ['error http[0].mirrors conflict'],
    ],
    [`{ ${to}, mirror: { host: b }, mirrorPercent: 10 }`, ['warning http[0].mirrorPercent deprecated']],
    [
      `{ ${to}, mirror: { host: b }, mirrorPercent: 110 }`,
      ['error http[0].mirrorPercent out-of-range', 'warning http[0].mirrorPercent deprecated'],
    ],
    [
      `{ ${to}, corsPolicy: { allowMethods: [GIT] } }`,
      ['error http[0].corsPolicy.allowMethods[0] wrong-value'],
    ],
    [
      `{ ${to}, headers: { request: { set: { ":authority": a }, remove: [host] } } }`,
      ['error http[0].headers.request.remove[0] bad-header'],
    ],
    [
      `{ ${to}, headers: { response: { add: { "a b": c } } } }`,
      ['error http[0].headers.response.add["a b"] bad-header'],
    ],
    [
      `{ ${to}, match: [{ headers: { "a b": { exact: c } } }] }`,
      ['error http[0].match[0].headers["a b"] bad-header'],
    ],
    [`{ ${to}, match: [{ headers: { end-user: {} } }] }`, []],
    [`{ ${to}, match: [{ sourceNamespace: A_B }] }`, ['error http[0].match[0].sourceNamespace bad-name']],
    [
      '{ delegate: { name: b }, match: [{ uri: { regex: a } }] }',
      ['error http[0].match[0].uri.regex conflict'],
    ],
    ['{ delegate: { namespace: b } }', ['error http[0].delegate.name required']],
    [`{ ${to} }, { ${to} }`, ['warning http[1] unreachable']],
  ])('http: [%s]', (route, expected) => expect(http(route).sort()).toEqual([...expected].sort()));

  test.each([
    [
      '{ hosts: [a.example.com], tls: [{ match: [{ sniHosts: [a.example.com] }], route: [{ destination: { host: b } }] }] }',
      [],
    ],
    [
      '{ hosts: ["*.example.com"], tls: [{ match: [{ sniHosts: [a.example.com, b.example.org] }], route: [{ destination: { host: b } }] }] }',
      ['error tls[0].match[0].sniHosts[1] bad-host'],
    ],
    [
      '{ hosts: [a], tls: [{ match: [], route: [{ destination: { host: b } }] }] }',
      ['error tls[0].match required'],
    ],
    ['{ hosts: [a], tcp: [{ match: [{ port: 3306 }] }] }', ['error tcp[0].route required']],
    [
      '{ hosts: [a], tcp: [{ match: [{ destinationSubnets: [x] }], route: [{ destination: { host: b } }] }] }',
      ['error tcp[0].match[0].destinationSubnets[0] bad-address'],
    ],
    [`{ hosts: [a], exportTo: [".", "*"], http: [{ ${to} }] }`, ['error exportTo[1] conflict']],
    [`{ hosts: [a], exportTo: [shop, shop], http: [{ ${to} }] }`, ['error exportTo[1] duplicate']],
    [`{ hosts: [a], gateways: [a/b/c], http: [{ ${to} }] }`, ['error gateways[0] bad-name']],
    [
      `{ hosts: [a], gateways: [shop.web.svc.cluster.local], http: [{ ${to} }] }`,
      ['warning gateways[0] deprecated'],
    ],
    [`{ http: [{ ${to} }] }`, []],
    ['{}', ['error  required', 'error hosts required']],
  ])('%s', (spec, expected) => expect(found('VirtualService', spec).sort()).toEqual([...expected].sort()));
});

describe('DestinationRule', () => {
  const policy = (text: string) => found('DestinationRule', `{ host: reviews, trafficPolicy: ${text} }`);
  test.each([
    ['{ loadBalancer: { simple: LEAST_CONN } }', ['warning trafficPolicy.loadBalancer.simple deprecated']],
    [
      '{ loadBalancer: { consistentHash: {} } }',
      ['error trafficPolicy.loadBalancer.consistentHash required'],
    ],
    [
      '{ loadBalancer: { simple: RANDOM, consistentHash: { useSourceIp: true } } }',
      ['error trafficPolicy.loadBalancer.consistentHash one-of'],
    ],
    [
      '{ connectionPool: { http: { maxRetries: -1 }, tcp: { maxConnections: -2 } } }',
      [
        'error trafficPolicy.connectionPool.http.maxRetries out-of-range',
        'error trafficPolicy.connectionPool.tcp.maxConnections out-of-range',
      ],
    ],
    [
      '{ outlierDetection: { consecutiveErrors: 5 } }',
      ['warning trafficPolicy.outlierDetection.consecutiveErrors deprecated'],
    ],
    [
      '{ tls: { mode: MUTUAL } }',
      ['error trafficPolicy.tls.clientCertificate required', 'error trafficPolicy.tls.privateKey required'],
    ],
    ['{ tls: { mode: MUTUAL, credentialName: a } }', []],
    ['{ tls: { mode: ISTIO_MUTUAL, privateKey: a } }', ['error trafficPolicy.tls.privateKey conflict']],
    [
      '{ tls: { mode: DISABLE, insecureSkipVerify: true } }',
      ['error trafficPolicy.tls.insecureSkipVerify conflict'],
    ],
    [
      '{ portLevelSettings: [{ port: { number: 80 }, tls: {} }, { port: { number: 80 }, tls: {} }] }',
      ['error trafficPolicy.portLevelSettings[1].port.number duplicate'],
    ],
    ['{}', ['error trafficPolicy required']],
    ['{ connectionPool: {} }', ['error trafficPolicy.connectionPool required']],
    [
      '{ portLevelSettings: [{ port: { number: 80 } }] }',
      ['error trafficPolicy.portLevelSettings[0] required'],
    ],
    [
      '{ loadBalancer: { consistentHash: { useSourceIp: true, maglev: { tableSize: 65536 } } } }',
      ['error trafficPolicy.loadBalancer.consistentHash.maglev.tableSize wrong-value'],
    ],
    ['{ loadBalancer: { consistentHash: { useSourceIp: true, maglev: { tableSize: 65537 } } } }', []],
    [
      '{ loadBalancer: { consistentHash: { useSourceIp: true, minimumRingSize: 9, ringHash: { minimumRingSize: 9 } } } }',
      [
        'error trafficPolicy.loadBalancer.consistentHash.ringHash conflict',
        'warning trafficPolicy.loadBalancer.consistentHash.minimumRingSize deprecated',
      ],
    ],
    [
      '{ outlierDetection: { consecutiveLocalOriginFailures: 5 } }',
      ['error trafficPolicy.outlierDetection.consecutiveLocalOriginFailures conflict'],
    ],
    [
      '{ tls: { mode: SIMPLE, insecureSkipVerify: true, caCertificates: /a } }',
      ['error trafficPolicy.tls.caCertificates conflict'],
    ],
    [
      '{ loadBalancer: { localityLbSetting: { distribute: [{ from: "a/b/*", to: { a/b: 100 } }, { from: a/, to: { a: 60, a/c: 40 } }] } } }',
      [
        'error trafficPolicy.loadBalancer.localityLbSetting.distribute[1].from wrong-value',
        'error trafficPolicy.loadBalancer.localityLbSetting.distribute[1].to["a/c"] conflict',
      ],
    ],
    [
      '{ loadBalancer: { localityLbSetting: { distribute: [{ from: "*", to: { a: 100 } }, { from: a/b, to: { "a/*/c": 100 } }] } } }',
      [
        'error trafficPolicy.loadBalancer.localityLbSetting.distribute[1].from conflict',
        'error trafficPolicy.loadBalancer.localityLbSetting.distribute[1].to["a/*/c"] wrong-value',
      ],
    ],
    [
      '{ loadBalancer: { localityLbSetting: { distribute: [{ from: a/b, to: { a: 100 } }, { from: "a/*", to: { a: 100 } }, { from: "*", to: { b: 100 } }] } } }',
      [],
    ],
    [
      '{ loadBalancer: { localityLbSetting: { failover: [{ from: a, to: a }, { from: a/b, to: c }] } } }',
      [
        'error trafficPolicy.loadBalancer.localityLbSetting.failover[0].to conflict',
        'error trafficPolicy.loadBalancer.localityLbSetting.failover[1].from wrong-value',
      ],
    ],
    [
      '{ portLevelSettings: [{ tls: { mode: SIMPLE } }] }',
      ['error trafficPolicy.portLevelSettings[0].port.number required'],
    ],
    [
      '{ tunnel: { protocol: GET, targetHost: a b, targetPort: 80 } }',
      ['error trafficPolicy.tunnel.protocol wrong-value', 'error trafficPolicy.tunnel.targetHost bad-host'],
    ],
    [
      '{ portLevelSettings: [{ port: { number: 80 }, loadBalancer: { zoneAwareLbSetting: { enabled: true } } }] }',
      [],
    ],
    [
      '{ loadBalancer: { zoneAwareLbSetting: { failoverPriority: [version, topology.kubernetes.io/zone=a] } } }',
      ['error trafficPolicy.loadBalancer.zoneAwareLbSetting.failoverPriority[1] wrong-value'],
    ],
    [
      '{ loadBalancer: { zoneAwareLbSetting: {}, localityLbSetting: {}, consistentHash: { useSourceIp: true } } }',
      [
        'warning trafficPolicy.loadBalancer.localityLbSetting not-applicable',
        'warning trafficPolicy.loadBalancer.zoneAwareLbSetting not-applicable',
      ],
    ],
    ['{ loadBalancer: { zoneAwareLbSetting: { enabled: false }, localityLbSetting: {} } }', []],
  ])('%s', (text, expected) => expect(policy(text).sort()).toEqual([...expected].sort()));

  test('a subset is called in either case', () =>
    expect(found('DestinationRule', '{ host: a, subsets: [{ name: Stable-2 }, { name: v1.0 }] }')).toEqual([
      'error subsets[1].name bad-name',
    ]));

  test('hosts and subsets', () => {
    expect(found('DestinationRule', '{ host: "a b" }')).toEqual(['error host bad-host']);
    expect(
      found(
        'DestinationRule',
        '{ host: "*.example.com", subsets: [{ name: V_1 }, { name: v2, labels: { a: "b c" } }] }',
      ),
    ).toEqual(['error subsets[0].name bad-name', 'error subsets[1].labels.a bad-label']);
    expect(
      found('DestinationRule', '{ host: a, exportTo: ["*"], workloadSelector: { matchLabels: { app: a } } }'),
    ).toEqual(['error exportTo conflict']);
  });
});

describe('Gateway', () => {
  const server = (text: string) => found('Gateway', `{ servers: [{ ${text} }] }`);
  const port = (number: number, protocol: string) =>
    `port: { number: ${number}, name: p, protocol: ${protocol} }`;
  test.each([
    [`${port(443, 'HTTPS')}, hosts: [a], tls: { mode: SIMPLE, credentialName: c }`, []],
    [`${port(443, 'TLS')}, hosts: [a], tls: { mode: PASSTHROUGH }`, []],
    [`${port(80, 'HTTP')}, hosts: ["shop/*.example.com", "./a", "*/b"], tls: { httpsRedirect: true }`, []],
    [`${port(80, 'HTTP')}, hosts: [a/b/c]`, ['error servers[0].hosts[0] bad-host']],
    [`${port(80, 'HTTP')}, hosts: []`, ['error servers[0].hosts required']],
    [`${port(0, 'HTTP')}, hosts: [a]`, ['error servers[0].port.number out-of-range']],
    [`${port(80, 'TCP')}, hosts: [a], tls: { httpsRedirect: true }`, ['error servers[0].tls conflict']],
    [`${port(80, 'HTTP')}, hosts: [a], bind: here`, ['error servers[0].bind bad-address']],
    [`${port(0, 'HTTP')}, hosts: [a], bind: "unix:///run/a.sock"`, []],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: MUTUAL, serverCertificate: a, privateKey: b }`,
      ['error servers[0].tls.caCertificates required'],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: SIMPLE, tlsCertificates: [{ serverCertificate: a }] }`,
      ['error servers[0].tls.tlsCertificates[0].privateKey required'],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: MUTUAL, credentialName: a, verifyCertificateHash: ["${'aB'.repeat(32)}", "ab:cd"], verifyCertificateSpki: [abc] }`,
      [
        'error servers[0].tls.verifyCertificateHash[1] wrong-value',
        'error servers[0].tls.verifyCertificateSpki[0] wrong-value',
      ],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: SIMPLE, credentialName: a, subjectAltNames: [a] }`,
      ['warning servers[0].tls.subjectAltNames no-effect'],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: ISTIO_MUTUAL, credentialName: a }`,
      ['error servers[0].tls.credentialName conflict'],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: PASSTHROUGH, credentialName: a }`,
      ['warning servers[0].tls.credentialName no-effect'],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: SIMPLE, credentialName: a, credentialNames: [b] }`,
      ['error servers[0].tls.credentialNames rule'],
    ],
    [
      `${port(443, 'HTTPS')}, hosts: [a], tls: { mode: SIMPLE, credentialName: a, minProtocolVersion: TLSV1_1 }`,
      ['warning servers[0].tls.minProtocolVersion no-effect'],
    ],
  ])('%s', (text, expected) => expect(server(text)).toEqual(expected));
});

describe('ServiceEntry and WorkloadEntry', () => {
  test.each([
    ['{ hosts: [a.example.com], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: DNS }', []],
    ['{ hosts: ["*.example.com"], resolution: DNS }', ['error hosts[0] bad-host']],
    ['{ hosts: ["*.example.com"], resolution: NONE }', []],
    ['{ hosts: ["*.example.com"], workloadSelector: {} }', ['warning workloadSelector no-effect']],
    ['{ hosts: [a.example.com, a.example.com] }', ['error hosts[1] duplicate']],
    ['{ hosts: [a.example.com], addresses: [x] }', ['error addresses[0] bad-address']],
    ['{ hosts: [a.example.com], resolution: STATIC }', ['warning  no-endpoints']],
    [
      '{ hosts: [a.example.com], ports: [{ number: 80, name: http }], resolution: STATIC, endpoints: [{ address: 10.0.0.1, ports: { https: 8443 } }] }',
      ['error endpoints[0].ports.https unknown-port'],
    ],
    [
      '{ hosts: [a.example.com], resolution: DNS, endpoints: [{ address: "unix:///run/a" }] }',
      ['error endpoints[0].address bad-address'],
    ],
    [
      '{ hosts: [a.example.com], ports: [{ number: 80, name: a, protocol: SMTP }] }',
      ['error ports[0].protocol wrong-value'],
    ],
    [
      '{ hosts: [a.example.com], ports: [{ number: 80, name: a }, { number: 81, name: a }] }',
      ['error ports[1].name duplicate'],
    ],
    ['{ hosts: [a.example.com], exportTo: ["~"] }', []],
  ])('%s', (spec, expected) => expect(found('ServiceEntry', spec)).toEqual(expected));

  test('an address is an IP address, a name or a socket', () => {
    for (const address of ['10.0.0.1', 'fd00::1', 'db.example.com', 'unix:///run/a.sock', 'unix://@a'])
      expect(found('WorkloadEntry', `{ address: "${address}" }`)).toEqual([]);
    expect(found('WorkloadEntry', '{ address: "a b" }')).toEqual(['error address bad-address']);
    expect(found('WorkloadEntry', '{ network: vpc-2 }')).toEqual([]);
  });
});
