import { type ChangeFigures, type Figures, stages } from './measure.ts';

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0);
const kilobytes = (bytes: number): string => (bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0);

/** The least value that a share of all do not pass. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Tables of Markdown: sizes grow from row to row. */
export function report(all: readonly Figures[]): string {
  const sizes = all.map((one) => {
    const { services, endpoints, proxies, upstreams } = one.size;
    const { firstPush, resident } = one;
    return [
      `${services} / ${endpoints} / ${proxies}${upstreams > 0 ? ` (${upstreams} upstreams)` : ''}`,
      firstPush.letInSeconds.toFixed(1),
      firstPush.seconds.toFixed(1),
      firstPush.cpuSeconds.toFixed(1),
      megabytes(firstPush.bytes),
      String(firstPush.broken),
      `${megabytes(resident.pushed)} / ${megabytes(resident.most)}`,
      one.others.toFixed(2),
    ];
  });
  const columns = ['services / endpoints / proxies', 'all let in, s', 'first push, s', 'CPU, s', 'MB sent'];
  const first = table([...columns, 'streams broken', 'RSS after it / at most, MB', 'others, cores'], sizes);
  const kinds = [
    ['VirtualService', 'route'],
    ['endpoint', 'endpoint'],
    ['WorkloadEntry', 'workloadEntry'],
  ] as const;
  const changes = kinds.flatMap(([name, key]) => all.map((one) => changeRow(name, one, one[key])));
  const heads = [
    'change',
    'services',
    'proxies reached',
    'p50 / p99, ms',
    'CPU, ms',
    `${stages.join(' / ')}, ms`,
  ];
  return `${first}\n${table([...heads, 'kB per proxy'], changes)}`;
}

function changeRow(name: string, { size }: Figures, figures: ChangeFigures): string[] {
  const { latencies, cpuMs, bytes, proxies } = figures;
  return [
    name,
    String(size.services),
    String(proxies),
    `${quantile(latencies, 0.5).toFixed(0)} / ${quantile(latencies, 0.99).toFixed(0)}`,
    cpuMs.toFixed(0),
    stages.map((stage) => figures.stages[stage].toFixed(0)).join(' / '),
    kilobytes(bytes / proxies),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
