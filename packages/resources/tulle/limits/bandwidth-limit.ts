import { z } from 'zod';
import { condition } from '../../core/parts.ts';
import { error, type Finding } from '../../finding.ts';
import type { ResourceKind } from '../../kind.ts';
import { message, options } from '../../schema/message.ts';
import { resourceSchema } from '../../schema/resource.ts';
import { checkTarget, targetFields } from './target.ts';

const identity = { group: 'tulle.dev', kind: 'BandwidthLimit', versions: ['v1alpha1'] } as const;

const rate = () =>
  message(
    {
      kibibytesPerSecond: z
        .int()
        .min(1)
        .max(100_000_000)
        .describe('KiB of bodies (of a TCP connection: of all bytes) in a second; as many may pass at once.'),
    },
    {},
  );

const spec = options({
  ...targetFields,
  scope: z
    .enum(['PROXY', 'CONNECTION', 'SOURCE'])
    .describe(
      'What has the rate for itself: PROXY (the default): each proxy, all its workers together; CONNECTION: each connection; SOURCE: each client, by its SPIFFE ID, else its address. The last two need our own proxy.',
    ),
  request: rate().describe('Towards the application or service.'),
  response: rate().describe('Back to the client.'),
});

const schema = resourceSchema(
  identity,
  { spec: spec.describe('What is limited, and to which rate.') },
  {
    status: options({
      conditions: z.array(condition).describe('State of the limit.'),
      observedGeneration: z.int().describe('The generation that this is about.'),
    })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('Written by the control plane.'),
  },
);

export type BandwidthLimit = z.infer<typeof schema>;
export type BandwidthLimitSpec = z.infer<typeof spec>;

function check({ spec }: BandwidthLimit): Finding[] {
  const empty = spec.request === undefined && spec.response === undefined;
  return [
    ...checkTarget(spec),
    ...(spec.targetRefs !== undefined && (spec.scope ?? 'PROXY') !== 'PROXY'
      ? [
          error(
            'conflict',
            ['spec', 'scope'],
            'must be PROXY with targetRefs: routes are the same for every engine',
          ),
        ]
      : []),
    ...(empty ? [error('required', ['spec'], 'must limit something: request, response or both')] : []),
  ];
}

export const bandwidthLimit = {
  ...identity,
  plural: 'bandwidthlimits',
  singular: 'bandwidthlimit',
  shortNames: ['bwl'],
  categories: ['tulle'],
  namespaced: true,
  description: 'How many bytes in a second workloads, gateways or routes pass.',
  schema,
  columns: [
    { name: 'Scope', type: 'string', path: 'spec.scope' },
    { name: 'Request', type: 'integer', path: 'spec.request.kibibytesPerSecond' },
    { name: 'Response', type: 'integer', path: 'spec.response.kibibytesPerSecond' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check,
} satisfies ResourceKind<BandwidthLimit>;
