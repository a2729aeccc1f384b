import { z } from 'zod';
import { condition } from '../../core/parts.ts';
import { workloadSelector } from '../../istio/selector.ts';
import type { ResourceKind } from '../../kind.ts';
import { message, options } from '../../schema/message.ts';
import { port, uint32 } from '../../schema/number.ts';
import { resourceSchema } from '../../schema/resource.ts';

const identity = { group: 'tulle.dev', kind: 'ConcurrencyLimit', versions: ['v1alpha1'] } as const;

const spec = message(
  {
    maxRequests: uint32()
      .min(1)
      .describe(
        'How many requests an instance’s application gets at a time, at each of its ports; of ports that take bytes: connections. One more is answered 503.',
      ),
  },
  {
    selector: workloadSelector().describe(
      'The workloads at whose sidecars it holds; all of the namespace when absent. In the root namespace it selects in all namespaces.',
    ),
    ports: z.array(port()).min(1).describe('Ports of the workload that it is for; all when absent.'),
    queue: uint32()
      .min(1)
      .describe(
        'How many more may wait for their turn at a port whose application speaks HTTP/1.1; none by default. They wait as long as their clients do.',
      ),
  },
);

const schema = resourceSchema(
  identity,
  { spec: spec.describe('How many requests at a time.') },
  {
    status: options({
      conditions: z.array(condition).describe('State of the limit.'),
      observedGeneration: z.int().describe('The generation that this is about.'),
    })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('Written by the control plane.'),
  },
);

export type ConcurrencyLimit = z.infer<typeof schema>;
export type ConcurrencyLimitSpec = z.infer<typeof spec>;

export const concurrencyLimit = {
  ...identity,
  plural: 'concurrencylimits',
  singular: 'concurrencylimit',
  shortNames: ['ccl'],
  categories: ['tulle'],
  namespaced: true,
  description: 'How many requests the application of a workload gets at a time.',
  schema,
  columns: [
    { name: 'Max', type: 'integer', path: 'spec.maxRequests' },
    { name: 'Queue', type: 'integer', path: 'spec.queue' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
} satisfies ResourceKind<ConcurrencyLimit>;
