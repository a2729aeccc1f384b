import { z } from 'zod';
import type { ResourceKind } from '../../kind.ts';
import { options } from '../../schema/message.ts';
import { resourceSchema } from '../../schema/resource.ts';
import { withRules } from '../../schema/rule.ts';
import { labelSelector } from '../selector.ts';
import { istioStatus } from '../status.ts';
import { targetRef } from '../target-ref.ts';
import { checkEnvoyFilter } from './check.ts';
import { objectMatch } from './match.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'EnvoyFilter',
  versions: ['v1alpha3'],
} as const;

const applyTo = z.enum([
  'INVALID',
  'LISTENER',
  'FILTER_CHAIN',
  'NETWORK_FILTER',
  'HTTP_FILTER',
  'ROUTE_CONFIGURATION',
  'VIRTUAL_HOST',
  'HTTP_ROUTE',
  'CLUSTER',
  'EXTENSION_CONFIG',
  'BOOTSTRAP',
  'LISTENER_FILTER',
]);

const operation = z.enum([
  'INVALID',
  'MERGE',
  'ADD',
  'REMOVE',
  'INSERT_BEFORE',
  'INSERT_AFTER',
  'INSERT_FIRST',
  'REPLACE',
  'MERGE_AND_REPLACE_LIST',
]);

const patch = options({
  applyTo: applyTo.describe('What kind of object is patched.'),
  match: objectMatch().describe('Which of them; all by default.'),
  patch: options({
    operation: operation.describe(
      'MERGE: fields are set, lists get longer; MERGE_AND_REPLACE_LIST: lists are replaced; the others are about objects in lists.',
    ),
    value: z
      .looseObject({})
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('The object, as JSON of Envoy’s message.'),
    filterClass: z
      .enum(['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'])
      .describe(
        'Where ADD puts an HTTP filter: after authentication, after authorization, before statistics; UNSPECIFIED: before the router.',
      ),
  }).describe('What is done.'),
});

const spec = withRules(
  options({
    workloadSelector: labelSelector().describe(
      'The workloads whose proxies are patched; all of the namespace (of the mesh, in its root namespace) when absent.',
    ),
    targetRefs: z
      .array(targetRef('EnvoyFilter'))
      .max(16)
      .describe('Instead of a selector: the gateways of the Gateway API whose proxies are patched.'),
    configPatches: z.array(patch).describe('The patches, in the order in which they are applied.'),
    priority: z
      .int32()
      .describe('The lower, the earlier, among those of a namespace; 0 by default. Then the older is first.'),
  }),
  {
    rule: '(has(self.workloadSelector) ? 1 : 0) + (has(self.targetRefs) ? 1 : 0) <= 1',
    message: 'only one of targetRefs or workloadSelector can be set',
    test: ({ workloadSelector, targetRefs }) => workloadSelector === undefined || targetRefs === undefined,
    explain: () => 'conflicts with workloadSelector: set only one of them',
    at: () => ['targetRefs'],
  },
);

const schema = resourceSchema(
  identity,
  {},
  { spec: spec.describe('Which proxies are patched, and how.'), status: istioStatus },
);

export type EnvoyFilter = z.infer<typeof schema>;
export type EnvoyFilterSpec = z.infer<typeof spec>;
export type ConfigPatch = z.infer<typeof patch>;
export type ApplyTo = z.infer<typeof applyTo>;
export type Operation = z.infer<typeof operation>;

export const envoyFilter = {
  ...identity,
  plural: 'envoyfilters',
  singular: 'envoyfilter',
  shortNames: [],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description: 'Patches of the configuration that proxies get.',
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  check: checkEnvoyFilter,
  inert: {
    'spec.targetRefs[].namespace': 'targets are in the namespace of the EnvoyFilter',
    'spec.configPatches[].match.waypoint': 'waypoints are for ambient mode, and there are none here',
    'spec.configPatches[].match.listener.portName':
      'Istio does not look at it either: match by portNumber, or by name',
  },
} satisfies ResourceKind<EnvoyFilter>;
