import type { Resource } from '@tulle/resources/kind';
import type { ProxyMetadata } from '@tulle/xds/node';
import { groupLabel } from '../../model/instances/instance.ts';
import type { WorkloadEntrySpec } from '../../model/istio.ts';

type Labels = Readonly<Record<string, string>>;

interface GroupSpec {
  readonly metadata?: { readonly labels?: Labels };
  readonly template: WorkloadEntrySpec;
}

/**
 * What a proxy is that says it is of a WorkloadGroup: the group's labels, place and weight, whatever it claims, for labels
 * decide whose requests it gets; its own labels beside them (Istio). Its certificate must be for the group's account.
 * @returns a text when it may not be what it says; undefined: it is of no group
 */
export function asMember(
  metadata: ProxyMetadata,
  group: (namespace: string, name: string) => Resource | undefined,
): ProxyMetadata | string | undefined {
  const { NAMESPACE, NAME, SERVICE_ACCOUNT, WORKLOAD_NAME } = metadata;
  const name = metadata.LABELS[groupLabel];
  if (name === undefined) return undefined;
  const found = group(NAMESPACE, name);
  if (found === undefined)
    return `there is no WorkloadGroup ${name} in ${NAMESPACE}, which ${NAME} says it is of`;
  const { template, metadata: own } = found.spec as GroupSpec;
  const account = template.serviceAccount || 'default';
  if (account !== SERVICE_ACCOUNT)
    return `WorkloadGroup ${name} runs as ${account}, not as ${SERVICE_ACCOUNT}`;
  if (WORKLOAD_NAME !== name)
    return `an instance of WorkloadGroup ${name} is of no workload ${WORKLOAD_NAME}`;
  return {
    ...metadata,
    LABELS: { ...metadata.LABELS, ...template.labels, ...own?.labels, [groupLabel]: name },
    ...(template.locality && { TULLE_LOCALITY: template.locality }),
    ...(template.network && { NETWORK: template.network }),
    ...(template.weight && { TULLE_WEIGHT: template.weight }),
  };
}
