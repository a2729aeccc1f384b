import type { Caller } from '@tulle/decision/tables/endpoint';
import { type Problems, read } from './values/problems.ts';

/** istio.workload.Workload: who has an identity, for the metrics of those that it calls. */
export function translateWorkload(bytes: Uint8Array, problems: Problems): Caller | undefined {
  const workload = read('istio.workload.Workload', bytes, '', problems);
  if (workload === undefined) return undefined;
  const { trustDomain, namespace, serviceAccount, canonicalName, canonicalRevision } = workload;
  if (trustDomain === '' || namespace === '' || serviceAccount === '')
    problems.add('service_account', 'trust domain, namespace and service account must be given');
  return {
    principal: `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
    workload: workload.workloadName,
    namespace,
    // As of endpoints: Istio says no more on the wire.
    app: canonicalName,
    version: canonicalRevision,
    canonicalName,
    canonicalRevision,
    cluster: workload.clusterId,
  };
}
