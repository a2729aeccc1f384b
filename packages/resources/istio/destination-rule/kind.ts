import { z } from 'zod';
import type { ResourceKind } from '../../kind.ts';
import { mapOf, message } from '../../schema/message.ts';
import { requiredBeyondCrd, resourceSchema } from '../../schema/resource.ts';
import { workloadSelector } from '../selector.ts';
import { istioStatus } from '../status.ts';
import { checkDestinationRule } from './check.ts';
import { trafficPolicy } from './traffic-policy.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'DestinationRule',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;

const subset = message(
  { name: z.string().describe('The name by which routes choose it.') },
  {
    labels: mapOf(z.string()).describe('Labels that its endpoints have, besides the Service’s selector.'),
    trafficPolicy: trafficPolicy().describe('Settings of this subset; those of the host where absent.'),
  },
);
export type Subset = z.infer<typeof subset>;

const spec = message(
  {
    host: z
      .string()
      .describe(
        'The service: a short name (in the namespace of this resource), a full one, or a `*.` wildcard.',
      ),
  },
  {
    trafficPolicy: trafficPolicy().describe('How the host is called.'),
    subsets: z.array(subset).describe('Named parts of the host’s endpoints, versions for instance.'),
    exportTo: z
      .array(z.string())
      .describe('Namespaces that see it: names, `.` (its own) or `*` (all, default).'),
    workloadSelector: workloadSelector().describe(
      'The calling workloads that it holds for; all when absent.',
    ),
  },
);

const schema = resourceSchema(identity, requiredBeyondCrd({ spec: spec.describe('How a host is called.') }), {
  status: istioStatus,
});

export type DestinationRule = z.infer<typeof schema>;
export type DestinationRuleSpec = z.infer<typeof spec>;

export const destinationRule = {
  ...identity,
  plural: 'destinationrules',
  singular: 'destinationrule',
  shortNames: ['dr'],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description: 'How a host is called: subsets, load balancing, connection pools, outlier detection, TLS.',
  schema,
  columns: [
    { name: 'Host', type: 'string', path: 'spec.host', description: 'The service that is called' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check: checkDestinationRule,
} satisfies ResourceKind<DestinationRule>;
