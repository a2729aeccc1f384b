/** BandwidthLimit, ConcurrencyLimit, and rate limits that are counted elsewhere or at the callee: Tulle's own. */
import { docs, resource, service, serviceEntry, virtualService } from '../documents.ts';
import { everywhere, to } from '../everywhere.ts';
import type { Scenario } from '../scenario.ts';

const kibibyte = 1024;
const policy = (kind: string, spec: string): string => resource('tulle.dev/v1alpha1', kind, spec);
const onRules = 'targetRefs: [{ kind: VirtualService, name: $name }]';
/** A service of the instance that no other row calls, so that its sidecar may have limits. */
const guarded = service.replace('app: echo', 'app: guarded').replace('$name', '$name-guarded');
const at = (port: number): string => `http://$name-guarded.traffic.svc.cluster.local:${port}`;
const bandwidth = docs.envoy('configuration/http/http_filters/bandwidth_limit_filter');
const breakers = docs.envoy('intro/arch_overview/upstream/circuit_breaking');

export const shares: readonly Scenario[] = [
  everywhere({
    title: 'bandwidth: of answers; a second’s worth passes at once, no byte is lost',
    doc: bandwidth,
    rules: `
      - ${to('v1')}
    `,
    more: [policy('BandwidthLimit', `${onRules}\nresponse: { kibibytesPerSecond: 400 }`)],
    steps: (protocol) =>
      protocol === 'grpc'
        ? [{ expect: { grpcStatus: 0 } }]
        : [
            {
              behave: { bodyBytes: 560 * kibibyte },
              expect: { bodyBytes: 560 * kibibyte, atLeastMs: 300 },
            },
          ],
  }),
  everywhere({
    title: 'bandwidth: of requests',
    doc: bandwidth,
    rules: `
      - ${to('v1')}
    `,
    more: [policy('BandwidthLimit', `${onRules}\nrequest: { kibibytesPerSecond: 400 }`)],
    steps: (protocol) =>
      protocol === 'grpc'
        ? [{ expect: { grpcStatus: 0 } }]
        : [
            {
              method: 'POST',
              body: 'x'.repeat(560 * kibibyte),
              expect: { atLeastMs: 300, received: 1 },
            },
          ],
  }),
  {
    title:
      'callee: so many requests at a time, whatever their protocol, so many connections of bytes, so many in an hour',
    doc: breakers,
    resources: [
      guarded,
      policy(
        'ConcurrencyLimit',
        'selector: { matchLabels: { app: guarded } }\nmaxRequests: 2\nports: [80, 81, 82, 83]',
      ),
      policy(
        'RateLimitPolicy',
        `
        selector: { matchLabels: { app: guarded } }
        limits: [{ name: few, match: { path: { prefix: /limited } }, by: [{ header: x-way }], requests: 2, per: 1h }]
      `,
      ),
    ],
    steps: [
      ...[{ kind: 'http', url: at(80) } as const, { kind: 'http2', url: at(81) } as const].map((way) => ({
        ...way,
        times: 5,
        together: 5,
        behave: { delayMs: 600 },
        expect: { status: { 200: 2, 503: 3 }, received: 2 },
      })),
      { kind: 'grpc', url: at(82), times: 5, together: 5, behave: { delayMs: 600 }, expect: { received: 2 } },
      {
        kind: 'tcp',
        to: '$name-guarded.traffic.svc.cluster.local:83',
        times: 4,
        held: true,
        expect: { served: 2 },
      },
      ...[
        { kind: 'http', url: `${at(80)}/limited` } as const,
        { kind: 'http2', url: `${at(81)}/limited` } as const,
      ].map((way) => ({
        ...way,
        times: 4,
        headers: { 'x-way': way.kind },
        expect: { status: { 200: 2, 429: 2 }, received: 2 },
      })),
      {
        kind: 'grpc',
        url: `${at(82)}/limited`,
        times: 4,
        headers: { 'x-way': 'grpc' },
        expect: { received: 2 },
      },
      { url: `${at(80)}/other`, times: 4, expect: {} },
    ],
  },
  {
    title: 'limit: counted by a service for the whole mesh: what a sidecar lets pass the gateway does not',
    doc: docs.envoy('configuration/http/http_filters/rate_limit_filter'),
    resources: [
      serviceEntry(`
        location: MESH_EXTERNAL
        resolution: STATIC
        ports: [{ number: 8081, name: grpc, protocol: GRPC, targetPort: $limiter }]
        endpoints: [{ address: 127.0.0.1 }]
      `),
      `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: $name }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [$edge] }]
`,
      virtualService(`
        hosts: [$host, $edge]
        gateways: [mesh, $name]
        http:
        - ${to('v1').replace(', subset: v1', '')}
      `),
      policy(
        'RateLimitPolicy',
        `
        ${onRules}
        scope: MESH
        limits: [{ name: users, by: [{ header: x-user }], requests: 3, per: 1000000s }]
        service: { host: $outside, port: 8081, timeout: 5s, onFailure: DENY }
      `,
      ),
      // Each policy is counted once.
      resource(
        'tulle.dev/v1alpha1',
        'RateLimitPolicy',
        `
        ${onRules}
        scope: MESH
        limits: [{ name: all, requests: 1000, per: 1000000s }]
        service: { host: $outside, port: 8081, timeout: 5s, onFailure: DENY }
      `,
        '$name-second',
      ),
    ],
    steps: [
      { headers: { 'x-user': 'ann' }, times: 2, expect: {} },
      { from: 'gateway', url: 'http://$edge/', headers: { 'x-user': 'ann' }, expect: {} },
      {
        from: 'gateway',
        url: 'http://$edge/',
        headers: { 'x-user': 'ann' },
        expect: { status: 429, received: 0, flags: 'RL' },
      },
      { kind: 'http2', url: 'http://$host:81/', headers: { 'x-user': 'ann' }, expect: { status: 429 } },
      { kind: 'grpc', url: 'http://$host:82/', headers: { 'x-user': 'ann' }, expect: { grpcStatus: 14 } },
      { headers: { 'x-user': 'bob' }, times: 3, expect: {} },
    ],
  },
];
