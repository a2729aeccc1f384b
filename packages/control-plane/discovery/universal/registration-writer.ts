import { isDeepStrictEqual } from 'node:util';
import { fieldsOf } from '@tulle/resources/json-object';
import type { Resources } from '../../api/writer/resources.ts';
import type { Key, Store } from '../../store/store.ts';
import type { RegistrationWriter } from './leases.ts';
import { type InstanceName, registrationApiVersion, registrationCollection } from './registration.ts';

/** Keeps registrations through the API's own writer, so that they get uid, generation and validation as all. */
export function createRegistrationWriter(store: Store, resources: Resources): RegistrationWriter {
  return {
    async put(name, spec, status) {
      const key = keyOf(name);
      const current = await store.get(key);
      if (current === undefined) {
        await resources.create({
          apiVersion: registrationApiVersion,
          kind: 'Registration',
          metadata: { ...name },
          spec,
        });
      } else if (!isDeepStrictEqual(current.spec, spec)) {
        await resources.patch(key, (registration) => ({ ...registration, spec }));
      }
      await resources.patchStatus(key, (known) => ({ ...fieldsOf(known), ...status }));
    },
    async patchStatus(name, status) {
      if ((await store.get(keyOf(name))) === undefined) return;
      await resources.patchStatus(keyOf(name), (known) => ({ ...fieldsOf(known), ...status }));
    },
    remove: (name) => resources.remove(keyOf(name)),
    isDraining: async (name) => fieldsOf((await store.get(keyOf(name)))?.status).draining === true,
  };
}

export const keyOf = ({ namespace, name }: InstanceName): Key => ({
  ...registrationCollection,
  namespace,
  name,
});
