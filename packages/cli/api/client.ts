import { isJsonObject } from '@tulle/resources/json-object';
import type { Resource } from '@tulle/resources/kind';
import { ApiError } from './api-error.ts';

/** How a kind is addressed: what `ResourceKind` of @tulle/resources has. */
export interface KindAddress {
  readonly group: string;
  readonly versions: readonly [string, ...string[]];
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface ResourceList {
  readonly items: readonly Resource[];
  readonly resourceVersion: string;
}

export interface WriteOptions {
  /** Checked by the server in full, but not written. */
  readonly dryRun?: boolean;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: Resource;
}

/** The Kubernetes-style API of a mesh. Every call throws ApiError for an answer that is no success. */
export interface ApiClient {
  readonly url: string;
  get(kind: KindAddress, namespace: string, name: string): Promise<Resource>;
  /** Without a namespace: all of them. */
  list(
    kind: KindAddress,
    options?: { readonly namespace?: string; readonly labelSelector?: string },
  ): Promise<ResourceList>;
  create(kind: KindAddress, namespace: string, resource: Resource, options?: WriteOptions): Promise<Resource>;
  /** JSON merge patch, RFC 7396. */
  patch(
    kind: KindAddress,
    namespace: string,
    name: string,
    patch: object,
    options?: WriteOptions & { readonly subresource?: 'status' },
  ): Promise<Resource>;
  delete(kind: KindAddress, namespace: string, name: string, options?: WriteOptions): Promise<void>;
  /** One watch request: ends when the server ends it. */
  watch(
    kind: KindAddress,
    options: {
      readonly namespace?: string;
      readonly resourceVersion: string;
      readonly labelSelector?: string;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<WatchEvent>;
  /** Anything else: a path from the root, the answer's JSON. */
  request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown>;
}

export interface ApiClientOptions {
  /** `http://127.0.0.1:8090`; a function where it may change under the client. */
  readonly url: string | (() => string);
  readonly token: string;
  /** Told of each Warning header's text. */
  readonly onWarning?: (text: string) => void;
  readonly fetch?: typeof fetch;
}

/** A client of a mesh’s API; its warnings go to `onWarning`, its refusals are thrown as they came. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const { token, onWarning = () => {}, fetch: send = fetch } = options;
  const url = (): string => (typeof options.url === 'string' ? options.url : options.url());

  const call = async (
    method: string,
    path: string,
    body: unknown,
    contentType = 'application/json',
    signal?: AbortSignal,
  ): Promise<Response> => {
    const response = await send(new URL(path, url()), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        // One that was kept open may be closed by now, without our having heard of it: a write is never made twice.
        connection: 'close',
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const warnings = response.headers.get('warning');
    if (warnings !== null) for (const text of parseWarnings(warnings)) onWarning(text);
    if (!response.ok) throw new ApiError(response.status, await readBody(response));
    return response;
  };
  const json = async (...parameters: Parameters<typeof call>): Promise<unknown> =>
    readBody(await call(...parameters));
  const resource = async (...parameters: Parameters<typeof call>): Promise<Resource> =>
    asResource(await json(...parameters));

  return {
    get url() {
      return url();
    },
    get: (kind, namespace, name) => resource('GET', itemPath(kind, namespace, name), undefined),
    async list(kind, { namespace, labelSelector } = {}) {
      const items: Resource[] = [];
      let next: string | undefined;
      let resourceVersion = '';
      do {
        const query = {
          limit: '500',
          ...(labelSelector ? { labelSelector } : {}),
          ...(next ? { continue: next } : {}),
        };
        const page = asList(await json('GET', collectionPath(kind, namespace) + toQuery(query), undefined));
        // Items of a list carry neither kind nor apiVersion in some servers: fill them in.
        for (const item of page.items) items.push({ ...kindFields(kind), ...item });
        resourceVersion = page.metadata?.resourceVersion ?? '';
        next = page.metadata?.continue || undefined;
      } while (next !== undefined);
      return { items, resourceVersion };
    },
    create: (kind, namespace, body, { dryRun } = {}) =>
      resource('POST', collectionPath(kind, namespace) + writeQuery(dryRun), body),
    patch: (kind, namespace, name, patch, { dryRun, subresource } = {}) =>
      resource(
        'PATCH',
        itemPath(kind, namespace, name) + (subresource ? `/${subresource}` : '') + writeQuery(dryRun),
        patch,
        'application/merge-patch+json',
      ),
    async delete(kind, namespace, name, { dryRun } = {}) {
      await json('DELETE', itemPath(kind, namespace, name) + writeQuery(dryRun, false), undefined);
    },
    async *watch(kind, { namespace, resourceVersion, labelSelector, signal }) {
      const query = {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        ...(labelSelector ? { labelSelector } : {}),
      };
      const response = await call(
        'GET',
        collectionPath(kind, namespace) + toQuery(query),
        undefined,
        undefined,
        signal,
      );
      if (response.body === null) return;
      for await (const line of lines(response.body)) yield asWatchEvent(JSON.parse(line));
    },
    request: (method, path, body, signal) => json(method, path, body, undefined, signal),
  };
}

export function apiVersionOf(kind: Pick<KindAddress, 'group' | 'versions'>): string {
  return kind.group === '' ? kind.versions[0] : `${kind.group}/${kind.versions[0]}`;
}

function kindFields(kind: KindAddress): { apiVersion: string; kind: string } {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function collectionPath(kind: KindAddress, namespace?: string): string {
  const root = kind.group === '' ? `/api/${kind.versions[0]}` : `/apis/${kind.group}/${kind.versions[0]}`;
  const scope =
    kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${kind.plural}`;
}

function itemPath(kind: KindAddress, namespace: string, name: string): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

function toQuery(parameters: Readonly<Record<string, string>>): string {
  return `?${new URLSearchParams(parameters)}`;
}

function writeQuery(dryRun: boolean | undefined, validate = true): string {
  const parameters = {
    ...(validate ? { fieldValidation: 'Strict', fieldManager: 'tulle' } : {}),
    ...(dryRun ? { dryRun: 'All' } : {}),
  };
  return Object.keys(parameters).length === 0 ? '' : toQuery(parameters);
}

async function readBody(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      if (line !== '') yield line;
    }
  }
}

/** RFC 7234 section 5.5: `299 - "text"`, several separated by commas, quotes escaped by a backslash. */
function parseWarnings(header: string): string[] {
  return [...header.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    (text ?? '').replace(/\\(.)/g, '$1'),
  );
}

function asResource(value: unknown): Resource {
  if (isJsonObject(value) && isJsonObject(value.metadata)) return value as Resource;
  throw new Error('the API answered something that is no resource');
}

function asList(value: unknown): {
  items: Resource[];
  metadata?: { resourceVersion?: string; continue?: string };
} {
  if (isJsonObject(value) && Array.isArray(value.items)) return value as ReturnType<typeof asList>;
  throw new Error('the API answered something that is no list');
}

/** An ERROR event carries a Status: thrown, so that 410 looks the same here as on the request itself. */
function asWatchEvent(value: unknown): WatchEvent {
  if (isJsonObject(value) && isJsonObject(value.object)) {
    if (value.type === 'ERROR') throw new ApiError(Number(value.object.code ?? 500), value.object);
    return value as unknown as WatchEvent;
  }
  throw new Error('the API sent something that is no watch event');
}
