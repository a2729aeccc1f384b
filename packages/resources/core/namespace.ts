import { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { message, options } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { time } from './parts.ts';

const identity = { group: '', kind: 'Namespace', versions: ['v1'], name: 'dns-label' } as const;

const schema = resourceSchema(
  identity,
  {},
  {
    spec: options({
      finalizers: z.array(z.string()).describe('The namespace stays until this list is empty.'),
    }).describe('How the namespace is handled.'),
    status: options({
      phase: z.string().describe('Active or Terminating.'),
      conditions: z
        .array(
          message(
            {
              type: z.string().describe('What the condition is about.'),
              status: z.string().describe('True, False or Unknown.'),
            },
            {
              reason: z.string().describe('One word for the last change.'),
              message: z.string().describe('The details for people.'),
              lastTransitionTime: time().describe('When the status last changed.'),
            },
          ),
        )
        .describe('What stands in the way of deletion.'),
    }).describe('Written by the server.'),
  },
);

export type Namespace = z.infer<typeof schema>;

export const namespace = {
  ...identity,
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  description: 'A room of names: resources of one namespace see each other by short names.',
  nullIsAbsent: true,
  schema,
  columns: [
    { name: 'Status', type: 'string', path: 'status.phase' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  notEnforced: { 'spec.finalizers': 'a namespace is deleted at once' },
} satisfies ResourceKind<Namespace>;
