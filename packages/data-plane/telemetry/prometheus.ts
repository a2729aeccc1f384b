import { Histogram } from './histogram.ts';
import { escapeHelp, labelText } from './label-set.ts';
import type { MetricRegistry, Slot } from './registry.ts';

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Chooses metrics by name. */
export type MetricFilter = (name: string) => boolean;

/** Everything in Prometheus' text format 0.0.4. Families without a series are left out. */
export function prometheusText(registry: MetricRegistry, wanted: MetricFilter = () => true): string {
  const lines: string[] = [];
  for (const family of registry.families) {
    if (family.series.size === 0 || !wanted(family.name)) continue;
    lines.push(`# HELP ${family.name} ${escapeHelp(family.help)}`, `# TYPE ${family.name} ${family.kind}`);
    for (const { values, series } of family.series.values()) {
      if (series instanceof Histogram) pushHistogram(lines, family.name, family.labels, values, series);
      else
        lines.push(
          `${family.name}${labelText(family.labels, values)} ${numberText(registry.value(series as Slot))}`,
        );
    }
  }
  for (const { name, help, kind, labels, observe } of registry.observed) {
    if (!wanted(name)) continue;
    const samples: string[] = [];
    observe((value, ...values) => samples.push(`${name}${labelText(labels, values)} ${numberText(value)}`));
    if (samples.length > 0)
      lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${kind}`, ...samples);
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function pushHistogram(
  lines: string[],
  name: string,
  labels: readonly string[],
  values: readonly string[],
  histogram: Histogram,
): void {
  const withBound = [...labels, 'le'];
  let cumulative = 0;
  histogram.counts.forEach((count, at) => {
    cumulative += count;
    const bound = histogram.buckets[at];
    const text = labelText(withBound, [...values, bound === undefined ? '+Inf' : String(bound)]);
    lines.push(`${name}_bucket${text} ${cumulative}`);
  });
  const text = labelText(labels, values);
  lines.push(`${name}_sum${text} ${numberText(histogram.sum)}`, `${name}_count${text} ${histogram.count}`);
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
