import { z } from 'zod';
import type { ResourceKind } from '../../kind.ts';
import { options } from '../../schema/message.ts';
import { requiredBeyondCrd, resourceSchema } from '../../schema/resource.ts';
import { istioStatus } from '../status.ts';
import { checkVirtualService } from './check.ts';
import { httpRoute } from './http-route.ts';
import { tcpRoute, tlsRoute } from './tcp-route.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'VirtualService',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;

const spec = options({
  hosts: z
    .array(z.string())
    .describe('The hosts that clients call: short or full names, or `*.` wildcards. Empty in a delegate.'),
  gateways: z
    .array(z.string())
    .describe(
      'Gateways (`name` or `namespace/name`) where the routes hold; `mesh` (default) means all sidecars.',
    ),
  http: z.array(httpRoute).describe('Routes for HTTP, first match first.'),
  tls: z.array(tlsRoute).describe('Routes for TLS that passes through.'),
  tcp: z.array(tcpRoute).describe('Routes for other connections.'),
  exportTo: z
    .array(z.string())
    .describe('Namespaces that see it: names, `.` (its own) or `*` (all, default).'),
});

const schema = resourceSchema(
  identity,
  requiredBeyondCrd({ spec: spec.describe('How requests to the hosts are routed.') }),
  { status: istioStatus },
);

export type VirtualService = z.infer<typeof schema>;
export type VirtualServiceSpec = z.infer<typeof spec>;

export const virtualService = {
  ...identity,
  plural: 'virtualservices',
  singular: 'virtualservice',
  shortNames: ['vs'],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description: 'How requests to hosts are routed: matches, weights, rewrites, redirects, timeouts, retries.',
  schema,
  columns: [
    {
      name: 'Gateways',
      type: 'string',
      path: 'spec.gateways',
      description: 'The names of gateways and sidecars that apply these routes',
    },
    { name: 'Hosts', type: 'string', path: 'spec.hosts', description: 'The hosts to which traffic is sent' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check: checkVirtualService,
  inert: {
    'spec.http[].fault.delay.exponentialDelay': 'Istio does not implement it either',
    'spec.http[].fault.abort.http2Error': 'Istio does not implement it either',
  },
} satisfies ResourceKind<VirtualService>;
