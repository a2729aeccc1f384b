import { once } from 'node:events';
import type { ApiClient } from '../api/client.ts';
import type { InstanceStatus } from './registration-status.ts';

/**
 * An API that has one registration, shows no change, and answers writes as told.
 * @param status of the registration
 */
export function apiThat(answer: () => Promise<void>, status?: InstanceStatus) {
  const written: unknown[] = [];
  const listed = Promise.withResolvers<void>();
  const client: Pick<ApiClient, 'list' | 'watch' | 'patch'> = {
    async list() {
      setImmediate(listed.resolve);
      const metadata = { namespace: 'default', name: 'reviews-v1-0' };
      return {
        resourceVersion: '1',
        items: [
          { apiVersion: 'tulle.dev/v1alpha1', kind: 'Registration', metadata, ...(status && { status }) },
        ],
      };
    },
    // biome-ignore lint/correctness/useYield: nothing ever changes
    async *watch(_kind, { signal }) {
      if (signal !== undefined && !signal.aborted) await once(signal, 'abort');
    },
    async patch(_kind, _namespace, _name, body) {
      await answer();
      written.push(body);
      return {} as never;
    },
  };
  return { client: client as ApiClient, written, listed: listed.promise };
}
