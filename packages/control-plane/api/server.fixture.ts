import { kinds } from '@tulle/resources/kinds';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
import type { Status } from './status-error.ts';
import { createResources, type Resources } from './writer/resources.ts';

export const token = 'a-token-of-some-length';

export interface Answer {
  readonly code: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into arbitrary JSON
  readonly body: any;
}

/** An API server on a fresh store in memory, with the namespaces `default` and `a`. */
export interface TestServer {
  readonly server: ApiServer;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly resources: Resources;
  readonly errors: unknown[];
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

export async function startTestServer(
  options: Partial<ApiServerOptions> & { readonly keepChanges?: number } = {},
): Promise<TestServer> {
  const { keepChanges = 1000, ...rest } = options;
  const errors: unknown[] = [];
  const store = openSqliteStore(':memory:', { keepChanges });
  const clock = new ManualClock();
  const resources = createResources({ store, clock, kinds });
  const server = createApiServer({
    store,
    kinds,
    token,
    clock,
    resources,
    log: (message, error) => errors.push([message, error]),
    ...rest,
  });
  await server.listen(0);
  for (const name of ['default', 'a']) {
    await resources.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  return {
    server,
    store,
    clock,
    resources,
    errors,
    call: async (method, path, body, headers = {}) => {
      const answer = await fetch(`${server.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = answer.headers.get('content-type')?.includes('json');
      return { code: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
    },
    close: async () => {
      await server.close();
      await store.close();
    },
  };
}

export const virtualService = (name: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, ...metadata },
  spec: { hosts: ['reviews'], http: [{ route: [{ destination: { host: 'reviews' } }] }], ...spec },
});

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

export const virtualServices = '/apis/networking.istio.io/v1/namespaces/a/virtualservices';
export const configMaps = '/api/v1/namespaces/a/configmaps';

/** A short form of a refusal. */
export const refusal = ({ code, body }: Answer): string =>
  `${code} ${(body as Status).reason}: ${(body as Status).message}`;
