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
  found.push(
    ...checkNames(
      distribute.map(({ from = '' }) => from),
      (index) => [...at, 'distribute', index, 'from'],
    ),
  );
  for (const [index, { from, to }] of failover.entries())
    found.push(...checkRegions({ from, to }, [...at, 'failover', index]));
  for (const [index, { to = {} }] of distribute.entries()) {
    const names = Object.keys(to);
    found.push(...checkNames(names, (place) => [...at, 'distribute', index, 'to', names[place] ?? '']));
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

/** `region[/zone[/subzone]]`, with `*` at the end alone; none within one before it, as Istio has it. */
function checkNames(localities: readonly string[], pathOf: (index: number) => FieldPath): Finding[] {
  return localities.flatMap((locality, index) => {
    const text = JSON.stringify(locality);
    if (locality.split('/', 3).includes(''))
      return [
        error('wrong-value', pathOf(index), `must be region/zone/subzone without an empty part, not ${text}`),
      ];
    if (locality.slice(0, -1).includes('*'))
      return [error('wrong-value', pathOf(index), `must have "*" at its end alone, not ${text}`)];
    const other = localities.findIndex(
      (one, at) =>
        at < index && (isWithin(locality, one) || (!locality.endsWith('*') && isWithin(one, locality))),
    );
    return other < 0
      ? []
      : [error('conflict', pathOf(index), `overlaps with ${JSON.stringify(localities[other])}`)];
  });
}

/** Whether all of `inner` belongs to `outer`. */
function isWithin(inner: string, outer: string): boolean {
  const region = outer.replace(/(^|\/)\*$/, '');
  return region === '' || inner === region || inner.startsWith(`${region}/`);
}

function checkRegions(
  regions: { readonly from?: string | undefined; readonly to?: string | undefined },
  path: FieldPath,
): Finding[] {
  const found = (['from', 'to'] as const).flatMap((name) => {
    const region = regions[name] ?? '';
    return /[/*]/.test(region)
      ? [error('wrong-value', [...path, name], `must be a region, not ${JSON.stringify(region)}`)]
      : [];
  });
  if (found.length === 0 && regions.from === regions.to)
    found.push(
      error('conflict', [...path, 'to'], `must be another region than from: ${JSON.stringify(regions.to)}`),
    );
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
