import { z } from 'zod';
import { mapOf, message, options } from '../schema/message.ts';
import { checked, oneOf } from '../schema/rule.ts';

const keyOf = (what: string) =>
  message(
    {
      name: z.string().describe(`Name of the ${what}, in the workload’s namespace.`),
      key: z.string().describe('The key in it.'),
    },
    {
      optional: z.boolean().describe('The variable is left out when there is none; else the workload waits.'),
    },
  );

const variable = checked(
  message(
    { name: z.string().describe('Name of the variable.') },
    {
      value: z.string().describe('Its value.'),
      valueFrom: oneOf(
        options({
          secretKeyRef: keyOf('Secret').describe('A value of a Secret.'),
          configMapKeyRef: keyOf('ConfigMap').describe('A value of a ConfigMap.'),
        }),
        'secretKeyRef',
        'configMapKeyRef',
      ).describe('Where the value comes from.'),
    },
  ),
  'conflict',
  (entry) => entry.value === undefined || entry.valueFrom === undefined,
  () => 'may have value or valueFrom, not both',
);

/** Environment variables: a map of plain values, or Kubernetes' list when a value comes from elsewhere. */
export const environment = z
  .union([mapOf(z.string()), z.array(variable)])
  .meta({ 'x-kubernetes-preserve-unknown-fields': true });
export type EnvironmentVariable = z.infer<typeof variable>;
