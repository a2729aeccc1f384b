import { describe, expect, test } from 'vitest';
import { parseResources } from '../../parse.ts';

/** Severity, path and code of what is found in a Sidecar's spec. */
function found(spec: string): string[] {
  const text = `apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: a }\nspec: ${spec}\n`;
  return parseResources(text).documents.flatMap(({ problems }) =>
    problems.map(({ severity, path, code }) => `${severity} ${path.replace(/^spec\.?/, '')} ${code}`),
  );
}
const http = (number: number): string => `port: { number: ${number}, protocol: HTTP }`;
const egress = (text: string): string[] => found(`{ egress: [${text}] }`);
const ingress = (text: string): string[] => found(`{ ingress: [${text}] }`);

test('a Sidecar that says nothing is refused', () => {
  expect(found('{}')).toEqual(['error  required']);
  expect(found('{ workloadSelector: { labels: { app: a } } }')).toEqual(['error  required']);
});

describe('egress', () => {
  test.each([
    ['{ hosts: ["./*", "prod/*", "*/*.example.com", "*/a.example.com"] }', []],
    ['{ hosts: ["~/*"] }', []],
    ['{ hosts: ["~/a.example.com"] }', ['error egress[0].hosts[0] bad-host']],
    ['{ hosts: [reviews] }', ['error egress[0].hosts[0] bad-host']],
    ['{ hosts: ["a/b/c"] }', ['error egress[0].hosts[0] bad-host']],
    ['{ hosts: ["A_B/*"] }', ['error egress[0].hosts[0] bad-host']],
    ['{ hosts: ["./*", ./a.b] }', ['warning egress[0].hosts[1] no-effect']],
    ['{ hosts: [a/b.c, "*/*"] }', ['warning egress[0].hosts[0] no-effect']],
    ['{ hosts: ["./*", "./*"] }', ['warning egress[0].hosts[1] duplicate']],
    ['{ hosts: [] }', ['error egress[0].hosts required']],
    [`{ ${http(80)}, hosts: ["./*"] }, { hosts: ["./*"] }`, []],
    [`{ hosts: ["./*"] }, { ${http(80)}, hosts: ["./*"] }`, ['error egress[0] conflict']],
    ['{ hosts: ["./*"] }, { hosts: ["./*"] }', ['error egress[0] conflict', 'error egress[1] conflict']],
    [
      `{ ${http(80)}, hosts: ["./*"] }, { ${http(80)}, hosts: ["./*"] }`,
      ['error egress[1].port.number duplicate'],
    ],
    ['{ bind: 127.0.0.1, hosts: ["./*"] }', ['error egress[0].port required']],
    [`{ ${http(0)}, bind: "unix:///run/a.sock", hosts: ["./*"] }`, []],
    [`{ ${http(0)}, bind: "unix://@a", captureMode: NONE, hosts: ["./*"] }`, []],
    [
      `{ ${http(0)}, bind: "unix:///run/a.sock", captureMode: IPTABLES, hosts: ["./*"] }`,
      ['error egress[0].captureMode conflict'],
    ],
    [`{ ${http(0)}, bind: "unix://run/a", hosts: ["./*"] }`, ['error egress[0].bind bad-address']],
    [`{ ${http(0)}, hosts: ["./*"] }`, ['error egress[0].port.number out-of-range']],
    [`{ ${http(80)}, bind: "unix:///run/a.sock", hosts: ["./*"] }`, ['error egress[0].port.number conflict']],
    [`{ ${http(80)}, bind: localhost, hosts: ["./*"] }`, ['error egress[0].bind bad-address']],
    ['{ port: { number: 80 }, hosts: ["./*"] }', []],
    [
      '{ port: { number: 80, protocol: HTPP }, hosts: ["./*"] }',
      ['error egress[0].port.protocol wrong-value'],
    ],
  ])('%s', (text, expected) => expect(egress(text)).toEqual(expected));
});

describe('ingress', () => {
  const files = 'serverCertificate: /c, privateKey: /k';
  const https = 'port: { number: 443, protocol: HTTPS }';
  test.each([
    [`{ ${http(80)} }`, []],
    [`{ ${http(80)}, defaultEndpoint: "127.0.0.1:8080" }`, []],
    [`{ ${http(80)}, defaultEndpoint: "[::1]:8080" }`, []],
    [`{ ${http(80)}, defaultEndpoint: ":8080" }`, []],
    [`{ ${http(80)}, defaultEndpoint: "unix:///run/app.sock" }`, []],
    [`{ ${http(80)}, defaultEndpoint: "10.0.0.1:8080" }`, ['error ingress[0].defaultEndpoint bad-address']],
    [`{ ${http(80)}, defaultEndpoint: "127.0.0.1" }`, ['error ingress[0].defaultEndpoint bad-address']],
    [`{ ${http(80)}, defaultEndpoint: "unix://app" }`, ['error ingress[0].defaultEndpoint bad-address']],
    [`{ ${http(0)}, bind: "unix:///run/in.sock" }`, ['error ingress[0].defaultEndpoint required']],
    [`{ ${http(80)} }, { ${http(80)} }`, ['error ingress[1].port.number duplicate']],
    [`{ ${https}, tls: { mode: SIMPLE, ${files} } }`, []],
    [`{ ${http(80)}, tls: { mode: SIMPLE, ${files} } }`, ['error ingress[0].tls conflict']],
    [`{ ${https}, tls: { mode: MUTUAL, ${files} } }`, ['error ingress[0].tls.caCertificates required']],
    [
      `{ ${https}, tls: { mode: SIMPLE, ${files}, credentialName: a } }`,
      ['error ingress[0].tls.credentialName conflict'],
    ],
    [`{ ${https}, tls: { mode: PASSTHROUGH } }`, ['error ingress[0].tls.mode wrong-value']],
  ])('%s', (text, expected) => expect(ingress(text).sort()).toEqual([...expected].sort()));
});

test('an egress proxy needs ALLOW_ANY and a port', () => {
  const policy = (text: string): string[] => found(`{ outboundTrafficPolicy: ${text} }`);
  expect(policy('{ mode: REGISTRY_ONLY }')).toEqual([]);
  expect(policy('{ mode: ALLOW_ANY, egressProxy: { host: a, port: { number: 80 } } }')).toEqual([]);
  expect(policy('{ egressProxy: { host: a } }')).toEqual([
    'error outboundTrafficPolicy.egressProxy conflict',
    'error outboundTrafficPolicy.egressProxy.port.number required',
  ]);
});
