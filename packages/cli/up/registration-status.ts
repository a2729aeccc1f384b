import type { Resource } from '@tulle/resources/kind';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient, KindAddress } from '../api/client.ts';
import { type Informer, startInformer } from '../api/informer.ts';

export const REGISTRATION: KindAddress = {
  group: 'tulle.dev',
  versions: ['v1alpha1'],
  kind: 'Registration',
  plural: 'registrations',
  namespaced: true,
};

/** What whoever started an instance knows of it (docs/architecture.md, Registration). */
export interface InstanceStatus {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly pid?: number;
  readonly proxyPid?: number;
  readonly message?: string;
  /** Of application and sidecar, since the instance was started. */
  readonly restarts?: number;
}

/**
 * Keeps the status of our registrations at the API as it is here, whatever happens there: a registration that
 * appears later, or again after the control plane has lost it, is patched too.
 */
export class RegistrationStatus {
  readonly #client: ApiClient;
  readonly #informer: Informer;
  readonly #wanted = new Map<string, InstanceStatus>();
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(client: ApiClient, onError: (error: unknown) => void = () => {}) {
    this.#client = client;
    this.#informer = startInformer(client, REGISTRATION, () => this.#compareAll(), { onError });
  }

  /** All registrations of the mesh, by `namespace/name`. */
  get registrations(): ReadonlyMap<string, Resource> {
    return this.#informer.items;
  }

  /** Resolves when the API has taken it, or could not. */
  async set(namespace: string, instance: string, status: InstanceStatus): Promise<void> {
    const key = `${namespace}/${instance}`;
    this.#wanted.set(key, status);
    await this.#inFlight.get(key);
    await this.#compare(key);
  }

  forget(namespace: string, instance: string): void {
    this.#wanted.delete(`${namespace}/${instance}`);
  }

  close(): void {
    this.#informer.close();
  }

  #compareAll(): void {
    for (const key of this.#wanted.keys()) void this.#compare(key);
  }

  #compare(key: string): Promise<void> {
    const running = this.#inFlight.get(key);
    if (running !== undefined) return running;
    const wanted = this.#wanted.get(key);
    const registration = this.#informer.items.get(key);
    if (wanted === undefined || registration === undefined) return Promise.resolve();
    const patch = difference(wanted, registration.status);
    if (patch === undefined) return Promise.resolve();
    const work = this.#patch(key, patch).then((taken) => {
      this.#inFlight.delete(key);
      // Asked for something else meanwhile: the watch event of this write may have come before.
      if (taken && this.#wanted.get(key) !== wanted) return this.#compare(key);
      return undefined;
    });
    this.#inFlight.set(key, work);
    return work;
  }

  async #patch(key: string, status: object): Promise<boolean> {
    const [namespace = '', name = ''] = key.split('/');
    try {
      await this.#client.patch(REGISTRATION, namespace, name, { status }, { subresource: 'status' });
      return true;
    } catch (error) {
      // Gone, or the control plane is down: the informer calls again when there is something to patch.
      if (!isApiError(error, 404) && !isApiError(error, 409) && !(error instanceof TypeError)) throw error;
      return false;
    }
  }
}

/** A merge patch that makes `actual` say what `wanted` says; undefined when it does already. */
export function difference(wanted: InstanceStatus, actual: unknown): Record<string, unknown> | undefined {
  const now = typeof actual === 'object' && actual !== null ? (actual as Record<string, unknown>) : {};
  const patch: Record<string, unknown> = {};
  for (const field of ['ready', 'draining', 'pid', 'proxyPid', 'message', 'restarts'] as const) {
    const value = wanted[field];
    if (value === now[field] || (value === undefined && now[field] == null)) continue;
    patch[field] = value ?? null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
