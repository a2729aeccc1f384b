import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { displayName } from '../apply/applicable.ts';
import { type Io, print } from '../io.ts';
import { renderResources } from '../output/documents.ts';
import { renderResourceTable } from '../output/resource-table.ts';
import type { ResourceGroup } from './get.ts';
import type { Selection } from './options/kind-arguments.ts';

export interface WatchRequest {
  readonly client: ApiClient;
  readonly selection: Selection;
  readonly options: {
    readonly namespace: string;
    readonly allNamespaces?: boolean;
    readonly selector?: string;
  };
  readonly format: 'yaml' | 'json' | 'wide' | 'name' | undefined;
  /** What is there already; the watch goes on from it. */
  readonly groups: readonly ResourceGroup[];
  readonly io: Io;
}

/** Prints what is there and then every change, until interrupted. */
export async function watchResources(request: WatchRequest): Promise<void> {
  const { io, groups } = request;
  for (const group of groups) if (group.resources.length > 0) print(io, initial(request, group));
  await Promise.race([
    Promise.all(groups.map((group) => follow(request, group))),
    new Promise<void>((resolve) => io.interrupted.addEventListener('abort', () => resolve(), { once: true })),
  ]);
}

async function follow(request: WatchRequest, group: ResourceGroup): Promise<void> {
  const { client, selection, options, io } = request;
  const names = new Set(selection.named.filter(({ kind }) => kind === group.kind).map(({ name }) => name));
  let { resourceVersion } = group;
  const { namespace, allNamespaces, selector } = options;
  const scope = {
    ...(allNamespaces ? {} : { namespace }),
    ...(selector === undefined ? {} : { labelSelector: selector }),
  };
  while (!io.interrupted.aborted) {
    try {
      for await (const { type, object } of client.watch(group.kind, {
        ...scope,
        resourceVersion,
        signal: io.interrupted,
      })) {
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        if (type === 'BOOKMARK' || (names.size > 0 && !names.has(object.metadata.name))) continue;
        show(request, group, object, type === 'DELETED' ? 'deleted' : undefined);
      }
    } catch (error) {
      if (io.interrupted.aborted) return;
      if (!isApiError(error, 410)) throw error;
      // History no longer reaches back: go on from now.
      ({ resourceVersion } = await client.list(group.kind, scope));
    }
  }
}

function initial(request: WatchRequest, { kind, resources }: ResourceGroup): string {
  const { format } = request;
  if (format === 'yaml' || format === 'json') return renderResources(resources, format, false);
  if (format === 'name') return resources.map(({ metadata }) => displayName(kind, metadata.name)).join('\n');
  return renderResourceTable(kind, resources, tableOptions(request, kind));
}

/** One change. Rows stay in the columns of those that were there at first; headings come with those. */
function show(request: WatchRequest, group: ResourceGroup, resource: Resource, verb?: string): void {
  const { io, format } = request;
  const { kind, resources } = group;
  if (format === 'yaml' || format === 'json') {
    print(io, (format === 'yaml' ? '---\n' : '') + renderResources([resource], format, true));
    return;
  }
  if (format === 'name') {
    print(io, displayName(kind, resource.metadata.name));
    return;
  }
  const lines = renderResourceTable(kind, [...resources, resource], tableOptions(request, kind))
    .trimEnd()
    .split('\n');
  const row = lines.at(-1) ?? '';
  print(io, verb === undefined ? row : `${row}   (${verb})`);
}

function tableOptions({ format, options, groups, io }: WatchRequest, kind: ResourceKind) {
  return {
    wide: format === 'wide',
    showNamespace: options.allNamespaces === true && kind.namespaced,
    now: io.now(),
    ...(groups.length > 1 ? { prefix: displayName(kind, '') } : {}),
  };
}
