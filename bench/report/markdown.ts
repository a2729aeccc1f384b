import type { Scenario } from '../scenarios/scenario.ts';
import type { Details, Figures, Results } from './results.ts';

/** The tables of docs/performance.md. */
export function markdown(results: Results, scenarios: readonly Scenario[]): string {
  const lines = [
    `Machine: ${results.machine}. ${Object.entries(results.versions)
      .map(([peer, version]) => `${peer} ${version}`)
      .join(', ')}.`,
    '',
    '| scenario | peer | CPU µs per request (spread) | requests/s | p50 / p99 / p99.9 µs (at rate) | RSS MB | allocated B |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const { name } of scenarios) {
    for (const [peer, figures] of Object.entries(results.scenarios[name] ?? {})) {
      const details = results.details[name]?.[peer];
      if (details !== undefined) lines.push(row(name, peer, figures, details));
    }
  }
  lines.push('', '| scenario | against Envoy | against HAProxy |', '|---|---|---|');
  for (const { name, bytes, kind } of scenarios) {
    const ratio = results.ratios[name];
    if (ratio === undefined) continue;
    const unit = bytes !== undefined ? ' (bytes per CPU second)' : kind === 'idle' ? ' (RSS)' : '';
    lines.push(`| ${name}${unit} | ${shown(ratio.envoy, 2)} | ${shown(ratio.haproxy, 2)} |`);
  }
  lines.push('', ...results.notYet.map(({ name, why }) => `Not yet: ${name}: ${why}.`), '');
  return lines.join('\n');
}

function row(name: string, peer: string, figures: Figures, details: Details): string {
  const [low, high] = details.cpuUsPerRequestSpread;
  const latency = [figures.p50Us, figures.p99Us, figures.p999Us].map((value) => shown(value, 0)).join(' / ');
  const rate = details.openLoopRate > 0 ? ` (${details.openLoopRate}/s)` : '';
  const cpu =
    peer === 'direct' ? '–' : `${shown(figures.cpuUsPerRequest, 1)} (${shown(low, 1)}–${shown(high, 1)})`;
  const rss = figures.rssBytes === null || peer === 'direct' ? '–' : (figures.rssBytes / 1e6).toFixed(0);
  return `| ${name}${details.noisy ? ' *' : ''} | ${peer} | ${cpu} | ${shown(figures.requestsPerSecond, 0)} | ${latency}${rate} | ${rss} | ${shown(details.allocatedBytesPerRequest, 0)} |`;
}

const shown = (value: number | null, digits: number): string =>
  value === null ? '–' : value.toFixed(digits);
