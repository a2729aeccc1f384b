import { z } from 'zod';
import type { ResourceKind } from '../../kind.ts';
import { options } from '../../schema/message.ts';
import { resourceSchema } from '../../schema/resource.ts';
import { withRules } from '../../schema/rule.ts';
import { workloadSelector } from '../selector.ts';
import { istioStatus } from '../status.ts';
import { targetRef } from '../target-ref.ts';
import { checkRequestAuthentication } from './check.ts';
import { jwtRule } from './jwt-rule.ts';

const identity = {
  group: 'security.istio.io',
  kind: 'RequestAuthentication',
  versions: ['v1', 'v1beta1'],
} as const;

const target = () => targetRef('RequestAuthentication');

const spec = withRules(
  options({
    selector: workloadSelector().describe(
      'The workloads and gateways that it holds for; all of the namespace (of the mesh, in its root namespace) when absent.',
    ),
    targetRef: target().describe('As targetRefs, for one.'),
    targetRefs: z
      .array(target())
      .max(16)
      .describe('Instead of a selector: the gateways of the Gateway API that it holds for.'),
    jwtRules: z
      .array(jwtRule)
      .max(4096)
      .describe('Whose tokens are taken. A request with a token that none of them verifies is answered 401.'),
  }),
  {
    rule: '(has(self.selector) ? 1 : 0) + (has(self.targetRef) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1',
    message: 'only one of targetRefs or selector can be set',
    test: ({ selector, targetRef: one, targetRefs }) =>
      [selector, one, targetRefs].filter((field) => field !== undefined).length <= 1,
    explain: () => 'conflicts with selector: set only one of selector, targetRefs',
    at: ({ targetRefs }) => [targetRefs === undefined ? 'targetRef' : 'targetRefs'],
  },
);

const schema = resourceSchema(
  identity,
  {},
  { spec: spec.describe('Whose tokens are verified, and where.'), status: istioStatus },
);

export type RequestAuthentication = z.infer<typeof schema>;
export type RequestAuthenticationSpec = z.infer<typeof spec>;

export const requestAuthentication = {
  ...identity,
  plural: 'requestauthentications',
  singular: 'requestauthentication',
  shortNames: ['ra'],
  categories: ['istio-io', 'security-istio-io'],
  namespaced: true,
  description: 'Whose tokens (JWT) workloads and gateways take; they are verified, and their claims known.',
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  check: checkRequestAuthentication,
  inert: {
    'spec.targetRef.namespace': 'targets are in the namespace of the RequestAuthentication',
    'spec.targetRefs[].namespace': 'targets are in the namespace of the RequestAuthentication',
  },
} satisfies ResourceKind<RequestAuthentication>;
