/** VirtualService: which requests a rule takes. */
import { docs, subsets, virtualService } from '../documents.ts';
import type { HttpStep, Scenario } from '../scenario.ts';

const to = (version: string): string => `route: [{ destination: { host: $host, subset: ${version} } }]`;
/** One rule to v2, everything else to v1. */
const rule = (match: string): readonly string[] => [
  subsets(),
  virtualService(`
    http:
    - match: ${match}
      ${to('v2')}
    - ${to('v1')}
  `),
];
const matches = (more: Partial<HttpStep>): HttpStep => ({ ...more, expect: { version: 'v2' } });
const passes = (more: Partial<HttpStep>): HttpStep => ({ ...more, expect: { version: 'v1' } });
const doc = docs.virtualService('HTTPMatchRequest');

export const match: readonly Scenario[] = [
  {
    title: 'match: uri exact; a query is no part of the path',
    doc,
    resources: rule('[{ uri: { exact: /a/b } }]'),
    steps: [
      matches({ url: 'http://$host/a/b' }),
      matches({ url: 'http://$host/a/b?c=d' }),
      passes({ url: 'http://$host/a/b/' }),
      passes({ url: 'http://$host/A/b' }),
    ],
  },
  {
    title: 'match: uri prefix',
    doc,
    resources: rule('[{ uri: { prefix: /a } }]'),
    steps: [
      matches({ url: 'http://$host/a/b' }),
      matches({ url: 'http://$host/ab' }),
      passes({ url: 'http://$host/b/a' }),
    ],
  },
  {
    title: 'match: uri regex takes the whole path',
    doc: docs.virtualService('StringMatch'),
    resources: rule('[{ uri: { regex: "/[0-9]+/x" } }]'),
    steps: [
      matches({ url: 'http://$host/123/x' }),
      passes({ url: 'http://$host/123/xy' }),
      passes({ url: 'http://$host/a/123/x' }),
    ],
  },
  {
    title: 'match: ignoreUriCase of exact and prefix',
    doc,
    resources: rule(
      '[{ uri: { exact: /Exact }, ignoreUriCase: true }, { uri: { prefix: /Prefix }, ignoreUriCase: true }]',
    ),
    steps: [
      matches({ url: 'http://$host/eXACT' }),
      matches({ url: 'http://$host/prefix/more' }),
      passes({ url: 'http://$host/exactly' }),
    ],
  },
  {
    title: 'match: headers exact, prefix, regex, presence; all of one block must hold',
    doc,
    resources: rule(`
      - headers: { a: { exact: one }, b: { prefix: tw } }
      - headers: { c: { regex: "th.*e" } }
      - headers: { d: {} }`),
    steps: [
      matches({ headers: { a: 'one', b: 'two' } }),
      passes({ headers: { a: 'one', b: 'three' } }),
      passes({ headers: { b: 'two' } }),
      matches({ headers: { c: 'three' } }),
      matches({ headers: { d: 'anything' } }),
      passes({}),
    ],
  },
  {
    title: 'match: withoutHeaders',
    doc,
    resources: rule('[{ withoutHeaders: { a: { exact: one } } }]'),
    steps: [passes({ headers: { a: 'one' } }), matches({ headers: { a: 'two' } }), matches({})],
  },
  {
    title: 'match: queryParams exact, prefix, regex',
    doc,
    resources: rule('[{ queryParams: { a: { exact: one } } }, { queryParams: { b: { regex: "\\\\d+$" } } }]'),
    steps: [
      matches({ url: 'http://$host/?a=one' }),
      matches({ url: 'http://$host/?x=y&a=one' }),
      passes({ url: 'http://$host/?a=ones' }),
      matches({ url: 'http://$host/?b=12' }),
      passes({ url: 'http://$host/?b=x' }),
      passes({}),
    ],
  },
  {
    title: 'match: method',
    doc,
    resources: rule('[{ method: { regex: "POST|PUT" } }]'),
    steps: [matches({ method: 'POST' }), matches({ method: 'PUT' }), passes({ method: 'GET' })],
  },
  {
    title: 'match: authority',
    doc,
    resources: rule('[{ authority: { prefix: "$name.traffic.svc" } }]'),
    steps: [matches({}), passes({ url: 'http://$name/' }), passes({ url: 'http://$name.traffic/' })],
  },
  {
    title: 'match: scheme',
    doc,
    resources: rule('[{ scheme: { exact: http } }]'),
    steps: [matches({})],
  },
  {
    title: 'match: port of the host that was called',
    doc,
    resources: rule('[{ port: 81 }]'),
    steps: [matches({ url: 'http://$host:81/', kind: 'http2' }), passes({})],
  },
  {
    title: 'match: sourceLabels',
    doc,
    resources: rule('[{ sourceLabels: { tier: gold } }]'),
    steps: [passes({}), matches({ from: 'other' })],
  },
  {
    title: 'match: sourceNamespace',
    doc,
    resources: rule('[{ sourceNamespace: elsewhere }]'),
    steps: [passes({}), matches({ from: 'other' })],
  },
  {
    title: 'match: conditions of one block are ANDed, blocks are ORed',
    doc: docs.virtualService('HTTPRoute'),
    resources: rule('[{ uri: { prefix: /a }, headers: { b: { exact: c } } }, { uri: { prefix: /d } }]'),
    steps: [
      passes({ url: 'http://$host/a' }),
      matches({ url: 'http://$host/a', headers: { b: 'c' } }),
      matches({ url: 'http://$host/d' }),
    ],
  },
  {
    title: 'match: the first rule that takes a request has it',
    doc: docs.concept('routing-rule-precedence'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /a } }]
          ${to('v3')}
        - match: [{ uri: { exact: /a/b } }]
          ${to('v2')}
        - ${to('v1')}
      `),
    ],
    steps: [
      { url: 'http://$host/a/b', expect: { version: 'v3' } },
      { url: 'http://$host/', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'match: no rule takes it: 404',
    doc: docs.concept('routing-rule-precedence'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /a } }]
          ${to('v1')}
      `),
    ],
    steps: [
      { url: 'http://$host/a', expect: { version: 'v1' } },
      { url: 'http://$host/b', expect: { status: 404, flags: 'NR', received: 0 } },
    ],
  },
  {
    title: 'match: withoutHeaders by presence',
    doc,
    resources: rule('[{ withoutHeaders: { a: {} } }]'),
    steps: [passes({ headers: { a: 'anything' } }), matches({})],
  },
  {
    title: 'match: a header’s name in any case, its value as it is',
    doc,
    resources: rule('[{ headers: { x-user: { exact: Jason } } }]'),
    steps: [matches({ headers: { 'X-User': 'Jason' } }), passes({ headers: { 'x-user': 'jason' } })],
  },
  {
    title: 'match: a host by its short names, as callers of the namespace may say them',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets(),
      virtualService(`
        hosts: [$name]
        http:
        - ${to('v3')}
      `),
    ],
    steps: [
      { url: 'http://$name/', expect: { version: 'v3' } },
      { url: 'http://$name.traffic/', expect: { version: 'v3' } },
      { url: 'http://$name.traffic.svc/', expect: { version: 'v3' } },
      { url: 'http://$host/', expect: { version: 'v3' } },
      { from: 'other', url: 'http://$host/', expect: { version: 'v3' } },
    ],
  },
  {
    title: 'match: a host that only a VirtualService names',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets(),
      virtualService(`
        hosts: [virtual-$name.test]
        http:
        - ${to('v2')}
      `),
    ],
    steps: [
      {
        url: 'http://virtual-$name.test/',
        expect: { version: 'v2', seen: { ':authority': 'virtual-$name.test' } },
      },
    ],
  },
  {
    title: 'match: the more specific host of two VirtualServices',
    doc: docs.virtualService('VirtualService'),
    resources: [
      subsets(),
      virtualService(`
        hosts: ["*.wild-$name.test"]
        http:
        - ${to('v1')}
      `),
      virtualService(
        `
        hosts: [a.wild-$name.test]
        http:
        - ${to('v2')}
      `,
        '$name-a',
      ),
    ],
    steps: [
      { url: 'http://a.wild-$name.test/', expect: { version: 'v2' } },
      { url: 'http://b.wild-$name.test/', expect: { version: 'v1' } },
    ],
  },
  {
    title: 'match: two VirtualServices of one host are one, in sidecars too',
    doc: docs.ops('best-practices/traffic-management/#split-virtual-services'),
    resources: [
      subsets(),
      virtualService(`
        http:
        - match: [{ uri: { prefix: /a } }]
          ${to('v1')}
      `),
      virtualService(
        `
        http:
        - match: [{ uri: { prefix: /b } }]
          ${to('v2')}
      `,
        '$name-second',
      ),
    ],
    steps: [
      { url: 'http://$host/a', expect: { version: 'v1' } },
      { url: 'http://$host/b', expect: { version: 'v2' } },
    ],
  },
];
