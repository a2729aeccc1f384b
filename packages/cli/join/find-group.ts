import { type WorkloadGroup, workloadGroup } from '@tulle/resources/istio/workload-group';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient, KindAddress } from '../api/client.ts';
import { Failure } from '../failure.ts';
import { REGISTRATION } from '../up/registration-status.ts';
import { type GroupPlan, planGroup } from './group-plan.ts';

export const WORKLOAD: KindAddress = {
  group: 'tulle.dev',
  versions: ['v1alpha1'],
  kind: 'Workload',
  plural: 'workloads',
  namespaced: true,
};

/** @throws Failure for a group that is not there, or whose instances would be taken for a Workload's */
export async function findGroup(client: ApiClient, namespace: string, name: string): Promise<GroupPlan> {
  let group: WorkloadGroup;
  try {
    group = (await client.get(workloadGroup, namespace, name)) as WorkloadGroup;
  } catch (error) {
    if (isApiError(error, 404))
      throw new Failure(`there is no WorkloadGroup ${name} in namespace ${namespace}`);
    throw error;
  }
  if (await isThere(client, WORKLOAD, namespace, name))
    throw new Failure(`${name} is a Workload too: its instances could not be told from those of the group`);
  return planGroup(group);
}

/** @throws Failure for the name of an instance that is in the mesh */
export async function checkNew(client: ApiClient, namespace: string, instance: string): Promise<void> {
  if (await isThere(client, REGISTRATION, namespace, instance))
    throw new Failure(`${instance} is in the mesh already; choose another --name`);
}

export async function isThere(
  client: ApiClient,
  kind: KindAddress,
  namespace: string,
  name: string,
): Promise<boolean> {
  try {
    await client.get(kind, namespace, name);
    return true;
  } catch (error) {
    if (isApiError(error, 404)) return false;
    throw error;
  }
}
