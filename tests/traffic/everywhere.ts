/** One feature of a VirtualService sent in each protocol, by a sidecar and by the gateway. */
import { edge, flush, subsets, virtualService } from './documents.ts';
import type { HttpExpectation, HttpStep, Scenario } from './scenario.ts';

type Protocol = 'http' | 'http2' | 'grpc';

interface Feature {
  readonly title: string;
  readonly doc: string;
  /** The rules of a VirtualService for `$host` and `$edge`. */
  readonly rules: string;
  /** A policy for `$host`, beside its subsets. */
  readonly policy?: string;
  readonly more?: readonly string[];
  /** `url` is a path here. */
  readonly steps: (protocol: Protocol) => readonly HttpStep[];
}

/** Where rules lead: a port whose applications take HTTP/2 and gRPC, whatever the callers speak. */
export const to = (version: string): string =>
  `route: [{ destination: { host: $host, port: { number: 82 }, subset: ${version} } }]`;

const ways: readonly { readonly kind: Protocol; readonly from: 'client' | 'gateway'; readonly at: string }[] =
  [
    { kind: 'http', from: 'client', at: 'http://$host' },
    { kind: 'http2', from: 'client', at: 'http://$host:81' },
    { kind: 'grpc', from: 'client', at: 'http://$host:82' },
    { kind: 'http', from: 'gateway', at: 'http://$edge' },
    { kind: 'http2', from: 'gateway', at: 'http://$edge' },
    { kind: 'grpc', from: 'gateway', at: 'http://$edge' },
  ];

export const everywhere = ({ title, doc, rules, policy, more = [], steps }: Feature): Scenario => ({
  title,
  doc,
  resources: [
    policy === undefined ? subsets() : subsets(policy),
    edge,
    virtualService(`hosts: [$host, $edge]\ngateways: [mesh, $name]\nhttp:\n${flush(rules)}`),
    ...more,
  ],
  steps: ways.flatMap(({ kind, from, at }) =>
    steps(kind).map((step) => ({ ...step, kind, from, url: `${at}${step.url ?? '/'}` })),
  ),
});

/** Statuses of proxies as gRPC clients get them. */
const asGrpc: Readonly<Record<number, number>> = { 400: 13, 404: 12, 429: 14, 503: 14, 504: 14 };

/** What a proxy answers by itself: a status, or gRPC's for it. */
export const answered = (protocol: Protocol, status: number, more: HttpExpectation = {}): HttpExpectation =>
  protocol === 'grpc' ? { ...more, grpcStatus: asGrpc[status] ?? 2 } : { ...more, status };

/** An application that fails so, as its protocol says it. */
export const failing = (protocol: Protocol, first?: number): NonNullable<HttpStep['behave']> => ({
  ...(protocol === 'grpc' ? { grpcStatus: 14 } : { status: 503 }),
  ...(first !== undefined && { first }),
});
