import { z } from 'zod';
import { options } from '../schema/message.ts';

const intOrString = () => z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true });

/** IstioStatus: the same for all of Istio's kinds. */
export const istioStatus = options({
  conditions: z
    .array(
      options({
        type: z.string().describe('What the condition is about.'),
        status: z.string().describe('True, False or Unknown.'),
        reason: z.string().describe('One word for the last change.'),
        message: z.string().describe('The details for people.'),
        lastTransitionTime: z
          .string()
          .meta({ format: 'date-time' })
          .describe('When the status last changed.'),
        lastProbeTime: z.string().meta({ format: 'date-time' }).describe('When it was last looked at.'),
        observedGeneration: intOrString().describe('The generation that this is about.'),
      }),
    )
    .describe('State of the resource: Applied, Valid, …'),
  observedGeneration: intOrString().describe('The generation that this is about.'),
  validationMessages: z
    .array(
      options({
        documentationUrl: z.string().describe('Where to read more.'),
        level: z.enum(['UNKNOWN', 'ERROR', 'WARNING', 'INFO']).describe('How grave it is.'),
        type: options({
          code: z.string().describe('Code of the message.'),
          name: z.string().describe('Its name.'),
        }).describe('Which message it is.'),
      }),
    )
    .describe('What an analysis found.'),
})
  .catchall(z.unknown())
  .meta({ 'x-kubernetes-preserve-unknown-fields': true })
  .describe('Written by the control plane.');
