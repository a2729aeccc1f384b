import type { Command } from 'commander';
import { readConfigDump } from '../api/config-dump.ts';
import { connect } from '../api/connect.ts';
import { findProxy, listProxies, type ProxyStatus } from '../api/proxies.ts';
import { askProxy } from '../api/proxy-admin.ts';
import { usageError } from '../failure.ts';
import { type Io, print, widthOf } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { renderDocument } from '../output/documents.ts';
import {
  type ConfigTable,
  clusterTable,
  endpointTable,
  listenerTable,
  routeTable,
  secretTable,
} from '../output/proxy-config-rows.ts';
import { renderTable } from '../output/table.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

interface ProxyConfigOptions {
  readonly namespace?: string;
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

const PARTS = ['listeners', 'routes', 'clusters', 'endpoints', 'secrets'] as const;
type Part = (typeof PARTS)[number];

/** istioctl's words, in singular too. */
function partsOf(word: string): readonly Part[] {
  if (word === 'all') return PARTS;
  const part = PARTS.find((one) => one === word || one === `${word}s`);
  if (part === undefined) throw usageError(`"${word}" is none of ${PARTS.join(', ')}, all`);
  return [part];
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<proxy>', 'an instance such as reviews-v1-0, or a workload that has just one')
    .argument('[what]', `${PARTS.join(', ')} or all`, 'all')
    .option('-n, --namespace <name>', 'namespace of the proxy')
    .option('-o, --output <format>', 'json, yaml')
    .addHelpText(
      'after',
      example(
        'tulle proxy-config productpage-v1-0 routes',
        'tulle proxy-config ingressgateway-0 listeners',
        'tulle proxy-config reviews-v1-0 clusters -o json',
      ),
    )
    .action((proxy: string, what: string, _: unknown, self: Command) =>
      proxyConfig(proxy, partsOf(what), self.optsWithGlobals<ProxyConfigOptions>(), io),
    );
}

async function proxyConfig(
  name: string,
  parts: readonly Part[],
  options: ProxyConfigOptions,
  io: Io,
): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  const { client } = connect(options, io);
  const proxy = findProxy(await listProxies(client), name, options.namespace);
  const { raw, tables } = await readParts(proxy, parts, io.now());
  if (format !== undefined) {
    const [only] = parts;
    print(io, renderDocument(parts.length === 1 && only !== undefined ? raw[only] : raw, format));
    return;
  }
  const { bold, dim } = palette(wantsColor(io.stdout, io.env));
  const texts = tables.map(([part, { columns, rows }]) => {
    const table =
      rows.length === 0
        ? 'none\n'
        : renderTable(
            columns.map((title) => ({ title })),
            rows,
            { heading: dim, width: widthOf(io) },
          );
    return tables.length === 1 ? table : `${bold(part.toUpperCase())}\n${table}`;
  });
  print(io, texts.join('\n'));
}

async function readParts(
  proxy: ProxyStatus,
  parts: readonly Part[],
  now: number,
): Promise<{ raw: Partial<Record<Part, unknown>>; tables: [Part, ConfigTable][] }> {
  const wants = (...some: Part[]): boolean => some.some((part) => parts.includes(part));
  const [dump, endpoints, certs] = await Promise.all([
    wants('listeners', 'routes', 'clusters', 'secrets') ? askProxy(proxy, '/config_dump') : {},
    wants('endpoints') ? askProxy(proxy, '/clusters?format=json') : {},
    wants('secrets') ? askProxy(proxy, '/certs') : {},
  ]);
  const config = readConfigDump(dump);
  const tables: Record<Part, () => ConfigTable> = {
    listeners: () => listenerTable(config.listeners),
    routes: () => routeTable(config.routes),
    clusters: () => clusterTable(config.clusters),
    endpoints: () => endpointTable(endpoints),
    secrets: () => secretTable(config.secrets, certs, now),
  };
  const all: Record<Part, unknown> = {
    ...config,
    endpoints,
    secrets: { secrets: config.secrets, certificates: certs },
  };
  return {
    raw: Object.fromEntries(parts.map((part) => [part, all[part]])),
    tables: parts.map((part) => [part, tables[part]()]),
  };
}
