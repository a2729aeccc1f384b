import { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { options } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { mergedBy, objectReference } from './parts.ts';

const identity = { group: '', kind: 'ServiceAccount', versions: ['v1'] } as const;

const schema = resourceSchema(
  identity,
  {},
  {
    secrets: mergedBy(z.array(objectReference), 'name').describe(
      'Secrets that workloads of this account may use (Kubernetes only).',
    ),
    imagePullSecrets: z
      .array(options({ name: z.string().describe('Name of the secret.') }))
      .describe('Secrets for pulling images (Kubernetes only).'),
    automountServiceAccountToken: z.boolean().describe('Whether pods get a token mounted (Kubernetes only).'),
  },
);

export type ServiceAccount = z.infer<typeof schema>;

export const serviceAccount = {
  ...identity,
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  description: 'The identity that workloads run under: spiffe://<trust domain>/ns/<namespace>/sa/<name>.',
  nullIsAbsent: true,
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  notEnforced: {
    secrets: 'tokens are asked for by TokenRequest',
    imagePullSecrets: 'Workloads are processes, not images',
    automountServiceAccountToken: 'Workloads enrol without a token of their account',
  },
} satisfies ResourceKind<ServiceAccount>;
