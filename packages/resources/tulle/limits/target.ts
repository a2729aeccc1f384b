import { z } from 'zod';
import { error, type Finding } from '../../finding.ts';
import { workloadSelector } from '../../istio/selector.ts';
import { message } from '../../schema/message.ts';

/** Which traffic a limit is for: the fields that all limit kinds have. */
export const targetFields = {
  selector: workloadSelector().describe(
    'The workloads at whose sidecars it holds; all of the namespace when there are neither selector nor targetRefs. In the root namespace it selects in all namespaces.',
  ),
  targetRefs: z
    .array(
      message(
        {
          kind: z
            .enum(['Gateway', 'VirtualService'])
            .describe('What it is: an Istio Gateway or VirtualService.'),
          name: z.string().min(1).describe('Its name, in the namespace of the limit.'),
        },
        {
          group: z
            .enum(['networking.istio.io'])
            .describe('networking.istio.io, the only one and the default.'),
          sectionName: z
            .string()
            .min(1)
            .describe('Of a VirtualService: the name of the HTTP route it is for; all of them when absent.'),
        },
      ),
    )
    .min(1)
    .max(16)
    .describe(
      'Instead of a selector: what comes through a Gateway, or goes by a VirtualService’s routes, at every proxy that has them.',
    ),
  direction: z
    .enum(['INBOUND', 'OUTBOUND'])
    .describe(
      'With a selector: what the workloads are asked (INBOUND, the default), or what they ask of others (OUTBOUND).',
    ),
};

interface Target {
  readonly selector?: object;
  readonly targetRefs?: readonly { readonly kind: string; readonly sectionName?: string }[];
  readonly direction?: string;
}

/** What `targetFields` can't say by themselves. */
export function checkTarget({ selector, targetRefs, direction }: Target): Finding[] {
  if (targetRefs === undefined) return [];
  const at = ['spec', 'targetRefs'];
  return [
    ...(selector === undefined
      ? []
      : [error('conflict', at, 'conflicts with selector: set only one of them')]),
    ...(direction === undefined
      ? []
      : [
          error(
            'conflict',
            ['spec', 'direction'],
            'has no meaning with targetRefs: it holds where the routes are',
          ),
        ]),
    ...targetRefs.flatMap(({ kind, sectionName }, index) =>
      kind === 'Gateway' && sectionName !== undefined
        ? [error('conflict', [...at, index, 'sectionName'], 'has no meaning for a Gateway')]
        : [],
    ),
  ];
}
