import type { Resource, ResourceKind } from '@tulle/resources/kind';
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { displayName } from '../apply/applicable.ts';
import { type Io, note, print, widthOf } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { renderResources } from '../output/documents.ts';
import { renderResourceTable } from '../output/resource-table.ts';
import { example } from './options/examples.ts';
import { parseSelection, type Selection } from './options/kind-arguments.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';
import { watchResources } from './watch-resources.ts';

interface GetOptions {
  readonly namespace: string;
  readonly allNamespaces?: boolean;
  readonly output?: string;
  readonly selector?: string;
  readonly watch?: boolean;
  readonly mesh?: string;
  readonly state?: string;
}

const FORMATS = ['yaml', 'json', 'wide', 'name'] as const;

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<kind>', 'a kind, several separated by commas, KIND/NAME, or "all"')
    .argument('[names...]', 'names of resources')
    .option('-n, --namespace <name>', 'namespace', 'default')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-o, --output <format>', `${FORMATS.join(', ')}`)
    .option('-l, --selector <labels>', 'label selector, such as app=reviews')
    .option('-w, --watch', 'go on with what changes')
    .addHelpText(
      'after',
      example(
        'tulle get workloads',
        'tulle get virtualservices -A -o wide',
        'tulle get vs reviews -o yaml',
        'tulle get vs,dr -w',
        'tulle get all -n bluegreen',
      ),
    )
    .action(async (kind: string, names: string[], _: unknown, self: Command) => {
      await get(parseSelection([kind, ...names]), self.optsWithGlobals<GetOptions>(), io);
    });
}

async function get(selection: Selection, options: GetOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, FORMATS);
  const { client } = connect(options, io);
  const groups = await fetchGroups(client, selection, options);
  const all = groups.flatMap(({ resources }) => resources);
  const single = selection.named.length === 1;

  if (options.watch) return watchResources({ client, selection, options, format, groups, io });
  if (format === 'yaml' || format === 'json') return print(io, renderResources(all, format, single));
  if (format === 'name') {
    for (const { kind, resources } of groups) {
      for (const { metadata } of resources) print(io, displayName(kind, metadata.name));
    }
    return;
  }
  const filled = groups.filter(({ resources }) => resources.length > 0);
  if (filled.length === 0) {
    note(
      io,
      options.allNamespaces ? 'No resources found.' : `No resources found in namespace ${options.namespace}.`,
    );
    return;
  }
  const { dim } = palette(wantsColor(io.stdout, io.env));
  const tables = filled.map(({ kind, resources }) =>
    renderResourceTable(kind, resources, {
      wide: format === 'wide',
      showNamespace: options.allNamespaces === true && kind.namespaced,
      now: io.now(),
      heading: dim,
      ...(filled.length > 1 ? { prefix: displayName(kind, '') } : {}),
      width: widthOf(io),
    }),
  );
  print(io, tables.join('\n'));
}

export interface ResourceGroup {
  readonly kind: ResourceKind;
  readonly resources: readonly Resource[];
  readonly resourceVersion: string;
}

async function fetchGroups(
  client: ApiClient,
  selection: Selection,
  options: GetOptions,
): Promise<ResourceGroup[]> {
  const { namespace, allNamespaces, selector } = options;
  return Promise.all(
    selection.kinds.map(async (kind) => {
      const named = selection.named.filter((one) => one.kind === kind);
      if (named.length > 0 && !options.watch) {
        const resources = await Promise.all(
          named.map(({ name }) => client.get(kind, kind.namespaced ? namespace : '', name)),
        );
        return { kind, resources, resourceVersion: '' };
      }
      const { items, resourceVersion } = await client.list(kind, {
        ...(allNamespaces ? {} : { namespace }),
        ...(selector === undefined ? {} : { labelSelector: selector }),
      });
      const wanted =
        named.length === 0
          ? items
          : items.filter(({ metadata }) => named.some(({ name }) => name === metadata.name));
      return { kind, resources: wanted, resourceVersion };
    }),
  );
}
