import type { Palette } from '../../output/color.ts';
import { formatLatency } from '../../output/duration.ts';
import { renderTable } from '../../output/table.ts';
import { quantile } from './metrics.ts';
import type { TrafficRate } from './traffic-meter.ts';

/** One line of the live table: a workload. */
export interface LiveRow {
  readonly service: string;
  readonly version: string;
  readonly instances: number;
  readonly readyInstances: number;
  readonly restarts: number;
  /** Why it isn't well; empty when it is. */
  readonly message: string;
  readonly rate: TrafficRate | undefined;
}

const COLUMNS = [
  { title: 'SERVICE' },
  { title: 'VERSION' },
  { title: 'INSTANCES', align: 'right' },
  { title: 'HEALTH' },
  { title: 'REQ/S', align: 'right' },
  { title: 'SUCCESS', align: 'right' },
  { title: 'P50', align: 'right' },
  { title: 'P99', align: 'right' },
] as const;

/** The table’s lines. @param width columns of the terminal; undefined: none to keep to */
export function renderLiveTable(
  rows: readonly LiveRow[],
  palette: Palette,
  width: number | undefined,
): string {
  const cells = rows.map((row) => [
    row.service,
    row.version,
    row.instances === row.readyInstances ? String(row.instances) : `${row.readyInstances}/${row.instances}`,
    health(row, palette),
    ...traffic(row.rate, palette),
  ]);
  // The last column stays free: a line that fills it may wrap.
  return renderTable(COLUMNS, cells, {
    heading: palette.dim,
    ...(width === undefined ? {} : { width: width - 1 }),
    overflow: 'cut',
  });
}

function health({ instances, readyInstances, restarts, message }: LiveRow, palette: Palette): string {
  const after = restarts === 0 ? '' : palette.dim(` (${restarts} restart${restarts === 1 ? '' : 's'})`);
  if (instances > 0 && readyInstances === instances) return palette.green('● healthy') + after;
  if (readyInstances > 0) return palette.yellow('● degraded') + after;
  return (message === '' ? palette.yellow('○ starting') : palette.red(`○ ${message}`)) + after;
}

function traffic(rate: TrafficRate | undefined, palette: Palette): string[] {
  if (rate === undefined || rate.seconds === 0) return ['-', '-', '-', '-'];
  const { requests, succeeded, buckets } = rate.traffic;
  const perSecond = requests / rate.seconds;
  const rateText =
    perSecond === 0 ? '0' : perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toString();
  if (requests === 0) return [rateText, '-', '-', '-'];
  const share = (100 * succeeded) / requests;
  // Rounded down: 100 % means that not a single request failed.
  const text = share === 100 ? '100%' : `${(Math.floor(share * 10) / 10).toFixed(1)}%`;
  const paint = share === 100 ? palette.green : share >= 99 ? palette.yellow : palette.red;
  return [
    rateText,
    paint(text),
    formatLatency(quantile(buckets, 0.5)),
    formatLatency(quantile(buckets, 0.99)),
  ];
}
