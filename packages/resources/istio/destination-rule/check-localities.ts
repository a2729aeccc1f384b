import type { z } from 'zod';
import type { Finding } from '../../finding.ts';
import { error, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import type { LoadBalancer, localityLbSetting, zoneAwareLbSetting } from './load-balancer.ts';

/** What of a rule, or of the mesh, is about localities. */
interface Localities {
  readonly localityLbSetting?: z.infer<typeof localityLbSetting> | undefined;
  readonly zoneAwareLbSetting?: z.infer<typeof zoneAwareLbSetting> | undefined;
}

/** What is automatic where zones count (Istio). */
const automatic = [
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
];

/** Istio’s rules of `localityLbSetting`: `distribute` or a failover, shares of 100 in all; and those of zones beside it. */
export function checkLocalities(settings: Localities, path: FieldPath): Finding[] {
  const { localityLbSetting: locality = {}, zoneAwareLbSetting: zones } = settings;
  const { distribute = [], failover = [], failoverPriority = [] } = locality;
  const found: Finding[] = [];
  const at = [...path, 'localityLbSetting'];
  if (distribute.length > 0 && (failover.length > 0 || failoverPriority.length > 0)) {
    found.push(error('conflict', [...at, 'distribute'], 'conflicts with failover and failoverPriority'));
  }
  for (const [index, { to = {} }] of distribute.entries()) {
    const sum = Object.values(to).reduce((total, share) => total + share, 0);
    if (sum !== 100)
      found.push(
        error('weights-sum', [...at, 'distribute', index, 'to'], `shares must add up to 100, not ${sum}`),
      );
  }
  for (const [index, label] of (zones?.failoverPriority ?? []).entries()) {
    if (automatic.includes(label.split('=')[0] ?? ''))
      found.push(
        error(
          'wrong-value',
          [...path, 'zoneAwareLbSetting', 'failoverPriority', index],
          `must not name ${automatic.join(', ')}: regions and zones are looked after already`,
        ),
      );
  }
  if (zones !== undefined && zones.enabled !== false && settings.localityLbSetting !== undefined)
    found.push(warning('not-applicable', at, 'has no effect beside zoneAwareLbSetting'));
  return found;
}

/** Ways to choose an endpoint that leave no choice of a zone. */
export function checkZonesUse(
  { simple, consistentHash, backendUtilization, zoneAwareLbSetting: zones }: LoadBalancer,
  path: FieldPath,
): Finding[] {
  if (zones === undefined || zones.enabled === false) return [];
  const why =
    (consistentHash && 'consistentHash') ??
    (backendUtilization && 'backendUtilization') ??
    (simple === 'PASSTHROUGH' ? 'PASSTHROUGH' : undefined);
  if (why === undefined) return [];
  return [
    warning(
      'not-applicable',
      [...path, 'zoneAwareLbSetting'],
      `zones don’t count with ${why}; other regions are still for when the own one fails`,
    ),
  ];
}
