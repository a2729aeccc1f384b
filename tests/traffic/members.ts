/** The proxies of the mesh: who runs where, under which labels. */
import type { From } from './scenario.ts';

export const namespace = 'traffic';

export interface Member {
  readonly role: 'sidecar' | 'router';
  readonly namespace: string;
  readonly workload: string;
  /** `default` unless said. */
  readonly serviceAccount?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `region/zone/subzone` */
  readonly locality?: string;
  readonly network?: string;
}

const server = (version: string, locality: string, more: Partial<Member> = {}): Member => ({
  role: 'sidecar',
  namespace,
  workload: `echo-${version}`,
  labels: { app: 'echo', version, main: String(version === 'v1'), ...(version === 'v1' && { spans: 'yes' }) },
  locality,
  ...more,
});

/** The versions of the application that all rows' services lead to; `guarded` and `far`, which runs in another network, are in none of them. */
export const servers: Readonly<Record<string, Member>> = {
  v1: server('v1', 'west/a/1', { network: 'network-1' }),
  v2: server('v2', 'west/b/1'),
  v3: server('v3', 'east/a/1'),
  far: {
    role: 'sidecar',
    namespace,
    workload: 'far',
    labels: { app: 'far', version: 'far', spans: 'yes' },
    network: 'network-2',
  },
  guarded: { role: 'sidecar', namespace, workload: 'guarded', labels: { app: 'guarded' } },
};

const sidecar = (workload: string, more: Partial<Member> = {}): Member => ({
  role: 'sidecar',
  namespace,
  workload,
  labels: { app: workload },
  ...more,
});

/** Who passes on what comes from other networks. */
export const relays = {
  eastwest: {
    ...{ role: 'router', namespace, workload: 'eastwest', labels: { app: 'eastwest' } },
    network: 'network-2',
  },
} as const satisfies Readonly<Record<string, Member>>;

/** Istio's, for gateways between networks. */
export const relayPort = 15443;

/** Who sends. All but `client` declare what they call, and learn no more. */
export const senders: Readonly<Record<From, Member>> = {
  client: sidecar('client'),
  other: sidecar('other', { namespace: 'elsewhere', labels: { app: 'other', tier: 'gold' } }),
  declared: sidecar('declared'),
  near: sidecar('near', { locality: 'west/a/1', labels: { app: 'near', version: 'v3' } }),
  /** Of the same service as `near`, in the next zone. */
  neighbour: sidecar('neighbour', { locality: 'west/b/1', labels: { app: 'near' } }),
  scoped: sidecar('scoped'),
  networked: sidecar('networked', { network: 'network-1', locality: 'west/a/1' }),
  gateway: {
    role: 'router',
    namespace: 'tulle-system',
    workload: 'ingressgateway',
    serviceAccount: 'ingressgateway',
    labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
  },
};
