import { z } from 'zod';
import { message } from '../schema/message.ts';
import { withRules } from '../schema/rule.ts';

/** istio.type.v1beta1.PolicyTargetReference. @param of the kind that has it */
export const targetRef = (of: string) =>
  message(
    {
      kind: z
        .string()
        .min(1)
        .max(63)
        .regex(/^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/)
        .describe('Kind of the target: Gateway.'),
      name: z.string().min(1).max(253).describe('Its name.'),
    },
    {
      group: z
        .string()
        .max(253)
        .regex(/^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
        .describe('Group of the target: gateway.networking.k8s.io.'),
      namespace: withRules(z.string(), {
        rule: 'self.size() == 0',
        message: 'cross namespace referencing is not currently supported',
        test: (value) => value.length === 0,
        explain: () => `must be empty: targets are in the namespace of the ${of}`,
      }).describe(`Must be empty: the namespace of the ${of}.`),
    },
  );
