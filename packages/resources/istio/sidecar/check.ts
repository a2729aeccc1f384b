import { error, type Finding } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { checkSelector } from '../selector.ts';
import { checkEgress } from './check-egress.ts';
import { checkIngress } from './check-ingress.ts';
import type { Sidecar, SidecarSpec } from './kind.ts';

/** What Istio's webhook refuses in a Sidecar beyond its CRD (pkg/config/validation). */
export function checkSidecar({ spec = {} }: Sidecar): Finding[] {
  const { ingress = [], egress = [], outboundTrafficPolicy, inboundConnectionPool } = spec;
  if (
    ingress.length === 0 &&
    egress.length === 0 &&
    outboundTrafficPolicy === undefined &&
    inboundConnectionPool === undefined
  )
    return [
      error(
        'required',
        ['spec'],
        'says nothing: set ingress, egress, outboundTrafficPolicy or inboundConnectionPool',
      ),
    ];
  return [
    ...checkSelector(spec.workloadSelector, ['spec', 'workloadSelector']),
    ...checkIngress(ingress, ['spec', 'ingress']),
    ...checkEgress(egress, ['spec', 'egress']),
    ...checkPolicy(outboundTrafficPolicy, ['spec', 'outboundTrafficPolicy']),
  ];
}

function checkPolicy(policy: SidecarSpec['outboundTrafficPolicy'], path: FieldPath): Finding[] {
  if (policy?.egressProxy === undefined) return [];
  const found: Finding[] = [];
  if (policy.mode !== 'ALLOW_ANY')
    found.push(error('conflict', [...path, 'egressProxy'], 'needs mode: ALLOW_ANY'));
  const { number } = policy.egressProxy.port ?? {};
  if (number === undefined)
    found.push(error('required', [...path, 'egressProxy', 'port', 'number'], 'is required (integer)'));
  return found;
}
