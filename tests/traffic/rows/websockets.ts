/** WebSockets by routes: what holds for requests holds for them, at sidecars and at gateways. */
import { docs, edge, subsets, toHttp, virtualService } from '../documents.ts';
import type { HttpStep, Scenario } from '../scenario.ts';

const doc = docs.envoy('intro/arch_overview/http/upgrades');
const rules = (http: string): readonly string[] => [
  subsets(),
  edge,
  virtualService(
    `hosts: [$host, $edge]\ngateways: [mesh, $name]\nhttp:\n${http.replace(/^ {4}/gm, '').trim()}`,
  ),
];
/** From a sidecar, and from outside through the gateway. */
const both = (path: string, more: Partial<HttpStep> & Pick<HttpStep, 'expect'>): readonly HttpStep[] => [
  { kind: 'websocket', url: `http://$host${path}`, body: 'hello', ...more },
  { kind: 'websocket', from: 'gateway', url: `http://$edge${path}`, body: 'hello', ...more },
];
const opened = (version: string) => ({ status: 101, version, body: 'hello' });

export const websockets: readonly Scenario[] = [
  {
    title: 'websocket: by path, pattern, header and query, rewritten, with changed headers',
    doc,
    resources: rules(`
    - match: [{ uri: { regex: "/chat/[0-9]+" } }]
      rewrite: { uriRegexRewrite: { match: "^/chat/", rewrite: /room/ }, authority: inside.test }
      headers: { request: { set: { x-set: "yes" } }, response: { set: { x-answer: "yes" } } }
      ${toHttp('v1')}
    - match: [{ headers: { tenant: { exact: gold } } }, { queryParams: { tenant: { exact: gold } } }]
      ${toHttp('v2')}
    - ${toHttp('v3')}
    `),
    steps: [
      ...both('/chat/12', {
        expect: {
          ...opened('v1'),
          headers: { 'x-answer': 'yes' },
          seen: { ':path': '/room/12', ':authority': 'inside.test', 'x-set': 'yes' },
        },
      }),
      ...both('/', { headers: { tenant: 'gold' }, expect: opened('v2') }),
      ...both('/?tenant=gold', { expect: opened('v2') }),
      ...both('/', { expect: opened('v3') }),
    ],
  },
  {
    title: 'websocket: weights, and time-outs that end with the answer',
    doc,
    resources: rules(`
    - timeout: 5s
      route:
      - { destination: { host: $host, port: { number: 80 }, subset: v1 }, weight: 50 }
      - { destination: { host: $host, port: { number: 80 }, subset: v2 }, weight: 50 }
    `),
    steps: both('/', { times: 40, expect: { status: 101, body: 'hello', shares: { v1: 0.5, v2: 0.5 } } }),
  },
  {
    title: 'websocket: redirected, answered, aborted',
    doc,
    resources: rules(`
    - match: [{ uri: { prefix: /moved } }]
      redirect: { authority: new.test }
    - match: [{ uri: { prefix: /direct } }]
      directResponse: { status: 403 }
    - fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }
      ${toHttp('v1')}
    `),
    steps: [
      ...both('/moved', { expect: { status: 301, headers: { location: 'http://new.test/moved' } } }),
      ...both('/direct', { expect: { status: 403, received: 0 } }),
      ...both('/', { expect: { status: 418, received: 0, flags: 'FI' } }),
    ],
  },
];
