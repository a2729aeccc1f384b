import type { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { resourceSchema } from '../schema/resource.ts';
import { checkEndpoint, workloadEntrySpec } from './endpoint.ts';
import { istioStatus } from './status.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'WorkloadEntry',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;

const schema = resourceSchema(
  identity,
  { spec: workloadEntrySpec().describe('Where the workload is and what it is called.') },
  { status: istioStatus },
);

export type WorkloadEntry = z.infer<typeof schema>;

export const workloadEntry = {
  ...identity,
  plural: 'workloadentries',
  singular: 'workloadentry',
  shortNames: ['we'],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description: 'One workload that something else runs: a virtual machine, a database server.',
  schema,
  columns: [
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
    { name: 'Address', type: 'string', path: 'spec.address', description: 'Address of the endpoint' },
  ],
  check: ({ spec }) => checkEndpoint(spec, ['spec']),
} satisfies ResourceKind<WorkloadEntry>;
