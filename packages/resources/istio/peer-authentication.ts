import { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { mapOf, options } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { withRules } from '../schema/rule.ts';
import { workloadSelector } from './selector.ts';
import { istioStatus } from './status.ts';

const identity = {
  group: 'security.istio.io',
  kind: 'PeerAuthentication',
  versions: ['v1', 'v1beta1'],
} as const;

const mutualTls = () =>
  options({
    mode: z
      .enum(['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'])
      .describe(
        'STRICT: only mutual TLS; PERMISSIVE: plain text too; DISABLE: plain text only; UNSET: as the next wider setting says.',
      ),
  });

const spec = withRules(
  options({
    selector: workloadSelector().describe(
      'The workloads that it holds for; all of the namespace (of the mesh, in its root namespace) when absent.',
    ),
    mtls: mutualTls().describe('How connections are taken.'),
    portLevelMtls: withRules(mapOf(mutualTls(), { minProperties: 1 }), {
      rule: 'self.all(key, 0 < int(key) && int(key) <= 65535)',
      message: 'port must be between 1-65535',
      test: (ports) =>
        Object.keys(ports).every((key) => /^\d+$/.test(key) && Number(key) > 0 && Number(key) <= 65535),
      explain: (ports) =>
        `must have port numbers between 1 and 65535 as names, not ${Object.keys(ports)
          .filter((key) => !/^\d+$/.test(key) || Number(key) < 1 || Number(key) > 65535)
          .join(', ')}`,
    }).describe('How connections to single ports of the workload are taken; needs a selector.'),
  }),
  {
    rule: 'has(self.portLevelMtls) ? (((has(self.selector) && has(self.selector.matchLabels)) ? self.selector.matchLabels : {}).size() > 0) : true',
    message: 'portLevelMtls requires selector',
    test: ({ portLevelMtls, selector }) =>
      portLevelMtls === undefined || Object.keys(selector?.matchLabels ?? {}).length > 0,
    explain: () => 'needs a selector with matchLabels: ports differ from workload to workload',
    at: () => ['portLevelMtls'],
  },
);

const schema = resourceSchema(
  identity,
  {},
  { spec: spec.describe('How workloads take connections.'), status: istioStatus },
);

export type PeerAuthentication = z.infer<typeof schema>;
export type PeerAuthenticationSpec = z.infer<typeof spec>;

export const peerAuthentication = {
  ...identity,
  plural: 'peerauthentications',
  singular: 'peerauthentication',
  shortNames: ['pa'],
  categories: ['istio-io', 'security-istio-io'],
  namespaced: true,
  description: 'Whether workloads take mutual TLS, plain text, or both.',
  schema,
  columns: [
    { name: 'Mode', type: 'string', path: 'spec.mtls.mode', description: 'The mTLS mode' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
} satisfies ResourceKind<PeerAuthentication>;
