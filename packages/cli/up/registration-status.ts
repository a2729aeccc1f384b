import { setTimeout as pause } from 'node:timers/promises';
import { fieldsOf } from '@tulle/resources/json-object';
import type { Resource } from '@tulle/resources/kind';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient, KindAddress } from '../api/client.ts';
import { type Informer, startInformer } from '../api/informer.ts';
import { listProxies, type ProxyStatus } from '../api/proxies.ts';

export const REGISTRATION: KindAddress = {
  group: 'tulle.dev',
  versions: ['v1alpha1'],
  kind: 'Registration',
  plural: 'registrations',
  namespaced: true,
};

/** Time for the control plane to tell the other proxies that an instance drains. */
const DRAIN_NOTICE_MS = 150;
/** Those that have not taken it by then are not waited for. */
const LONGEST_NOTICE_MS = 2_000;
const NOTICE_POLL_MS = 30;

/** What whoever started an instance knows of it (docs/architecture.md, Registration). */
export interface InstanceStatus {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly pid?: number;
  readonly proxyPid?: number;
  /** Processes that the proxy is to have, and that serve. */
  readonly workers?: number;
  readonly readyWorkers?: number;
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
  readonly #onRefused: (error: unknown) => void;
  readonly #informer: Informer;
  readonly #wanted = new Map<string, InstanceStatus>();
  readonly #inFlight = new Map<string, Promise<void>>();

  /** @param onRefused called when the API answers a write with an error; being away is none */
  constructor(client: ApiClient, onRefused: (error: unknown) => void = () => {}) {
    this.#client = client;
    this.#onRefused = onRefused;
    this.#informer = startInformer(client, REGISTRATION, () => this.#compareAll());
  }

  /** All registrations of the mesh, by `namespace/name`. */
  get registrations(): ReadonlyMap<string, Resource> {
    return this.#informer.items;
  }

  /** The API has all that was set. */
  get settled(): boolean {
    return [...this.#wanted].every(([key, wanted]) => {
      const registration = this.#informer.items.get(key);
      return registration !== undefined && difference(wanted, registration.status) === undefined;
    });
  }

  /** Resolves, always, when the API has taken it or could not: then it is tried again with the next news from there. */
  async set(namespace: string, instance: string, status: InstanceStatus): Promise<void> {
    const key = `${namespace}/${instance}`;
    this.#wanted.set(key, status);
    await this.#inFlight.get(key);
    await this.#compare(key);
  }

  /**
   * Tells that an instance drains and waits until the other proxies know, before it stops taking connections. A
   * control plane that is away is not waited for: proxies keep what they have, and retries cover what goes wrong.
   */
  async announceDrain(namespace: string, instance: string, status: InstanceStatus): Promise<void> {
    await this.set(namespace, instance, { ...status, ready: false, draining: true });
    const limit = performance.now() + LONGEST_NOTICE_MS;
    await pause(DRAIN_NOTICE_MS);
    while (performance.now() < limit) {
      const proxies = await listProxies(this.#client).catch(() => []);
      if (proxies.every(hasAll)) return;
      await pause(NOTICE_POLL_MS);
    }
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
      // Gone, or the control plane is down: no news. The informer calls again when there is something to patch.
      if (!isApiError(error, 404) && !isApiError(error, 409) && !(error instanceof TypeError))
        this.#onRefused(error);
      return false;
    }
  }
}

/** It has answered all that it was to be sent, if only by refusing it. */
const hasAll = ({ types }: ProxyStatus): boolean =>
  Object.values(types).every(({ subscribed, synced, nack }) => !subscribed || synced || nack !== undefined);

const fields = [
  'ready',
  'draining',
  'pid',
  'proxyPid',
  'workers',
  'readyWorkers',
  'message',
  'restarts',
] as const;

/** A merge patch that makes `actual` say what `wanted` says; undefined when it does already. */
function difference(wanted: InstanceStatus, actual: unknown): Record<string, unknown> | undefined {
  const now = fieldsOf(actual);
  const patch: Record<string, unknown> = {};
  for (const field of fields) {
    const value = wanted[field];
    if (value === now[field] || (value === undefined && now[field] == null)) continue;
    patch[field] = value ?? null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
