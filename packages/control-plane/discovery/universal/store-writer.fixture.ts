import type { Store } from '../../store/store.ts';
import type { RegistrationWriter } from './leases.ts';
import type { InstanceName } from './registration.ts';
import { keyOf } from './registration-writer.ts';

/** A writer straight onto a store, for tests of this room. `done` resolves when nothing is being written. */
export function storeWriter(store: Store): RegistrationWriter & { removed: InstanceName[] } {
  const removed: InstanceName[] = [];
  const patchStatus: RegistrationWriter['patchStatus'] = async (name, status) => {
    const current = await store.get(keyOf(name));
    if (current === undefined) return;
    const next = { ...current, status: { ...(current.status as object | undefined), ...status } };
    if (JSON.stringify(next.status) === JSON.stringify(current.status)) return;
    await store.update(keyOf(name), next, current.metadata.resourceVersion ?? '');
  };
  return {
    removed,
    async put(name, spec, status) {
      const current = await store.get(keyOf(name));
      const resource = {
        apiVersion: 'tulle.dev/v1alpha1',
        kind: 'Registration',
        metadata: { ...name },
        spec,
      };
      if (current === undefined) await store.create(keyOf(name), resource);
      else if (JSON.stringify(current.spec) !== JSON.stringify(spec)) {
        await store.update(keyOf(name), { ...current, spec }, current.metadata.resourceVersion ?? '');
      }
      await patchStatus(name, status);
    },
    patchStatus,
    async isDraining(name) {
      const status = (await store.get(keyOf(name)))?.status as { draining?: boolean } | undefined;
      return status?.draining === true;
    },
    async remove(name) {
      removed.push(name);
      if ((await store.get(keyOf(name))) !== undefined) await store.delete(keyOf(name));
    },
  };
}
