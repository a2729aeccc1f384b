import type { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { findProxy, listProxies, type ProxyStatus, type ProxyTypeStatus } from '../api/proxies.ts';
import { type Io, note, print, widthOf } from '../io.ts';
import { type Palette, palette, wantsColor } from '../output/color.ts';
import { renderDocument } from '../output/documents.ts';
import { formatAgeOf } from '../output/duration.ts';
import { fold } from '../output/fold.ts';
import { renderTable } from '../output/table.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

interface ProxyStatusOptions {
  readonly namespace?: string;
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

/** Istio's names of the types, in the order in which they are pushed. */
const TYPES = [
  ['CDS', 'cluster'],
  ['EDS', 'endpoint'],
  ['LDS', 'listener'],
  ['RDS', 'route'],
  ['VHDS', 'virtualHost'],
  ['SDS', 'secret'],
  ['WDS', 'workload'],
] as const;

/** Enough of a hash to tell versions apart. */
const VERSION_LENGTH = 7;

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('[proxy]', 'one proxy, such as reviews-v1-0; all without')
    .option('-n, --namespace <name>', 'of this namespace')
    .option('-o, --output <format>', 'json, yaml')
    .addHelpText(
      'after',
      example('tulle proxy-status', 'tulle proxy-status reviews-v1-0', 'tulle proxy-status -o json'),
    )
    .action((proxy: string | undefined, _: unknown, self: Command) =>
      proxyStatus(proxy, self.optsWithGlobals<ProxyStatusOptions>(), io),
    );
}

async function proxyStatus(name: string | undefined, options: ProxyStatusOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  const { client } = connect(options, io);
  const all = await listProxies(client);
  const { namespace } = options;
  const proxies =
    name === undefined
      ? all.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
      : [findProxy(all, name, namespace)];
  if (format !== undefined) {
    print(io, renderDocument(name === undefined ? { items: proxies } : proxies[0], format));
    return;
  }
  if (proxies.length === 0) {
    note(io, 'No proxy is connected.');
    return;
  }
  print(io, renderProxyStatus(proxies, io.now(), palette(wantsColor(io.stdout, io.env)), widthOf(io)));
}

/** A line per proxy; refused configuration with its reason below. */
export function renderProxyStatus(
  proxies: readonly ProxyStatus[],
  now: number,
  colors: Palette,
  width?: number,
): string {
  const columns = [
    { title: 'PROXY' },
    ...TYPES.map(([short]) => ({ title: short, optional: short === 'VHDS' })),
    { title: 'SINCE' },
    { title: 'ENGINE', optional: true },
    { title: 'LAG', optional: true },
  ];
  const rows = proxies.map((proxy) => [
    `${proxy.metadata.name}.${proxy.metadata.namespace}`,
    ...TYPES.map(([, type]) => versionCell(proxy.types[type], colors)),
    formatAgeOf(proxy.connectedSince, now),
    proxy.engine,
    lagOf(proxy),
  ]);
  const refusals = proxies.flatMap(({ metadata, types }) =>
    TYPES.flatMap(([short, type]) => {
      const { nack } = types[type];
      if (nack === undefined) return [];
      const about = nack.resources.length === 0 ? '' : ` (${nack.resources.join(', ')})`;
      const text = `${metadata.name}.${metadata.namespace} refused ${short}${about}: ${nack.message}`;
      return fold(text, width ?? Number.POSITIVE_INFINITY).map(colors.red);
    }),
  );
  const table = renderTable(columns, rows, { heading: colors.dim, width });
  return refusals.length === 0 ? table : `${table}\n${refusals.join('\n')}\n`;
}

function versionCell(type: ProxyTypeStatus | undefined, colors: Palette): string {
  if (type === undefined || !type.subscribed) return '-';
  const version = type.acknowledgedVersion.slice(0, VERSION_LENGTH) || 'none';
  if (type.nack !== undefined) return colors.red(`${version} REFUSED`);
  return type.synced ? version : colors.yellow(`${version} STALE`);
}

function lagOf({ types }: ProxyStatus): string {
  const lag = Math.max(0, ...Object.values(types).map(({ lagMs }) => lagMs));
  return lag === 0 ? '-' : `${Math.round(lag)}ms`;
}
