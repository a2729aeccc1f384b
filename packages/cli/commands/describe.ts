import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { LAST_APPLIED } from '../apply/applicable.ts';
import { Failure } from '../failure.ts';
import { type Io, print, widthOf } from '../io.ts';
import { renderDocument } from '../output/documents.ts';
import { formatAgeOf } from '../output/duration.ts';
import { conditionsOf } from '../output/resource-table.ts';
import { renderFields, renderTable } from '../output/table.ts';
import { example } from './options/examples.ts';
import { parseSelection } from './options/kind-arguments.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

interface DescribeOptions {
  readonly namespace: string;
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

const FORMATS = ['json', 'yaml'] as const;

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<kind>', 'a kind or KIND/NAME')
    .argument('[names...]', 'names of resources; all of the kind without')
    .option('-n, --namespace <name>', 'namespace', 'default')
    .option('-o, --output <format>', `${FORMATS.join(', ')}: each resource with its events`)
    .addHelpText(
      'after',
      example(
        'tulle describe virtualservice reviews',
        'tulle describe workload/reviews-v1',
        'tulle describe vs -o json',
      ),
    )
    .action(async (kind: string, names: string[], _: unknown, self: Command) => {
      await describe([kind, ...names], self.optsWithGlobals<DescribeOptions>(), io);
    });
}

async function describe(words: readonly string[], options: DescribeOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, FORMATS);
  const { kinds, named } = parseSelection(words);
  const { client } = connect(options, io);
  const { namespace } = options;
  const scope = (kind: ResourceKind): string => (kind.namespaced ? namespace : '');
  const resources =
    named.length > 0
      ? await Promise.all(
          named.map(async ({ kind, name }) => ({
            kind,
            resource: await client.get(kind, scope(kind), name),
          })),
        )
      : (
          await Promise.all(
            kinds.map(async (kind) =>
              (await client.list(kind, { namespace })).items.map((resource) => ({ kind, resource })),
            ),
          )
        ).flat();
  if (resources.length === 0) throw new Failure(`No resources found in namespace ${namespace}.`);
  const described = await Promise.all(
    resources.map(async ({ resource }) => ({ resource, events: await eventsOf(client, resource) })),
  );
  if (format !== undefined) {
    const shown = described.map(({ resource, events }) => ({ resource: withoutSecrets(resource), events }));
    return print(io, renderDocument(shown, format));
  }
  const texts = described.map(({ resource, events }) =>
    renderDescription(resource, events, io.now(), widthOf(io)),
  );
  print(io, texts.join('\n\n'));
}

/** One resource for people: who it is, what it says, how it is, what happened to it. */
export function renderDescription(
  resource: Resource,
  events: readonly Resource[],
  now: number,
  width: number | undefined,
): string {
  const { apiVersion, kind, metadata, spec, status: _status, ...data } = resource;
  const { [LAST_APPLIED]: _last, ...annotations } = metadata.annotations ?? {};
  const head = renderFields(
    [
      ['Name', metadata.name],
      ...(metadata.namespace === undefined ? [] : [['Namespace', metadata.namespace] as const]),
      ['Kind', `${kind} (${apiVersion})`],
      ['Labels', pairs(metadata.labels)],
      ['Annotations', pairs(annotations)],
      [
        'Created',
        metadata.creationTimestamp === undefined
          ? '<unknown>'
          : `${metadata.creationTimestamp} (${formatAgeOf(metadata.creationTimestamp, now)} ago)`,
      ],
      ...(metadata.generation === undefined ? [] : [['Generation', String(metadata.generation)] as const]),
    ],
    width,
  );
  const body = spec === undefined ? data : { spec };
  const parts = [head];
  if (Object.keys(body).length > 0)
    parts.push(renderDocument(kind === 'Secret' ? redacted(body) : body, 'yaml'));
  const conditions = conditionsOf(resource);
  if (conditions.length > 0) {
    const rows = conditions.map(({ type, status, reason, message, lastTransitionTime }) => [
      type,
      status,
      reason,
      formatAgeOf(lastTransitionTime, now),
      message,
    ]);
    const columns = ['TYPE', 'STATUS', 'REASON', 'SINCE', 'MESSAGE'].map((title) => ({ title }));
    parts.push(`Conditions:\n${renderTable(columns, rows, { indent: '  ', width })}`);
  }
  parts.push(events.length === 0 ? 'Events:  <none>\n' : `Events:\n${renderEvents(events, now, width)}`);
  return parts.join('\n');
}

function renderEvents(events: readonly Resource[], now: number, width: number | undefined): string {
  const rows = events.map(({ type, reason, message, lastTimestamp, metadata }) => [
    String(type ?? ''),
    String(reason ?? ''),
    formatAgeOf(typeof lastTimestamp === 'string' ? lastTimestamp : metadata.creationTimestamp, now),
    String(message ?? ''),
  ]);
  return renderTable(
    ['TYPE', 'REASON', 'AGE', 'MESSAGE'].map((title) => ({ title })),
    rows,
    { indent: '  ', width },
  );
}

async function eventsOf(client: ApiClient, { kind, metadata }: Resource): Promise<readonly Resource[]> {
  const event = findKind('v1', 'Event');
  if (event === undefined) return [];
  const { items } = await client.list(event, { namespace: metadata.namespace ?? 'default' });
  return items.filter(({ involvedObject }) => {
    const about = involvedObject as { kind?: string; name?: string } | undefined;
    return about?.kind === kind && about.name === metadata.name;
  });
}

function pairs(map: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(map ?? {});
  return entries.length === 0 ? '<none>' : entries.map(([key, value]) => `${key}=${value}`).join(', ');
}

const withoutSecrets = (resource: Resource): Record<string, unknown> =>
  resource.kind === 'Secret' ? redacted(resource) : resource;

/** The sizes of a Secret's values, as kubectl describes them. */
function redacted(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const hide = (map: unknown): unknown =>
    typeof map !== 'object' || map === null
      ? map
      : Object.fromEntries(
          Object.entries(map).map(([key, value]) => [
            key,
            `${Buffer.from(String(value), 'base64').length} bytes`,
          ]),
        );
  return { ...body, ...('data' in body ? { data: hide(body.data) } : {}) };
}
