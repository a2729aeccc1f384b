import type { Figures } from './measure.ts';
import type { Resident } from './resident.ts';

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
const sizes = (found: Resident | undefined): string =>
  found === undefined ? '–' : `${megabytes(found.rss)} (${megabytes(found.own)}; ${megabytes(found.peak)})`;

/** Tables of Markdown. */
export function report(all: readonly Figures[]): string {
  const head = 'RSS settled (own; peak), MB';
  const memory = all.map(({ scope, configurationBytes, idle, changed, asked, restarted }) => [
    scope,
    megabytes(configurationBytes),
    ...[idle, changed, asked, restarted].map(sizes),
  ]);
  const times = all.map(({ scope, start, changeBlockedMs }) => [
    scope,
    start.configuredInMs.toFixed(0),
    start.blockedMs.toFixed(0),
    changeBlockedMs.toFixed(0),
  ]);
  const columns = ['idle', 'after changes', 'after requests', 'from the last good configuration'];
  return `${head}\n\n${table(['sees', 'configuration, MB', ...columns], memory)}\n${table(
    ['sees', 'first byte to ready, ms', 'longest wait meanwhile, ms', 'longest wait at a change, ms'],
    times,
  )}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}
