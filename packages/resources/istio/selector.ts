import { z } from 'zod';
import { type Finding, warning } from '../finding.ts';
import type { FieldPath } from '../path.ts';
import { mapOf, options } from '../schema/message.ts';
import { withRules } from '../schema/rule.ts';

const selectorLabel = withRules(z.string().max(63), {
  rule: '!self.contains("*")',
  message: 'wildcard is not supported in selector',
  test: (value) => !value.includes('*'),
  explain: (value) => `must be a label’s value without "*", not ${JSON.stringify(value)}`,
});

/** istio.networking.v1alpha3.WorkloadSelector: ServiceEntry and Sidecar select by it. */
export const labelSelector = () =>
  options({
    labels: mapOf(selectorLabel, { maxProperties: 256 }).describe(
      'Labels that a workload must have, all of them.',
    ),
  });

/** One that is there and has no label: most often a mistake (Istio warns too). */
export function checkSelector(
  selector: { readonly labels?: Readonly<Record<string, string>> | undefined } | undefined,
  path: FieldPath,
): Finding[] {
  if (selector === undefined || Object.keys(selector.labels ?? {}).length > 0) return [];
  return [warning('no-effect', path, 'has no labels, so it selects every workload of the namespace')];
}

/** istio.type.v1beta1.WorkloadSelector: PeerAuthentication and DestinationRule select by it. */
export const workloadSelector = () =>
  options({
    matchLabels: withRules(
      mapOf(
        withRules(z.string().max(63), {
          rule: '!self.contains("*")',
          message: 'wildcard not allowed in label value match',
          test: (value) => !value.includes('*'),
        }),
        { maxProperties: 4096 },
      ),
      {
        rule: 'self.all(key, !key.contains("*"))',
        message: 'wildcard not allowed in label key match',
        test: (labels) => Object.keys(labels).every((key) => !key.includes('*')),
      },
      {
        rule: 'self.all(key, key.size() != 0)',
        message: 'key must not be empty',
        test: (labels) => Object.keys(labels).every((key) => key.length !== 0),
      },
    ).describe('Labels that a workload must have, all of them.'),
  });
