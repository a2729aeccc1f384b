import { Histogram } from './histogram.ts';
import type { MetricFilter } from './prometheus.ts';
import type { MetricRegistry, Slot } from './registry.ts';

export type Stat =
  | { readonly name: string; readonly value: number }
  | { readonly name: string; readonly histogram: Histogram };

/**
 * Everything by flat names, as Envoy's `/stats`: a metric's name, then its labels as
 * `.;.label=.=value.;.label=.=value`, sorted.
 */
export function flatStats(registry: MetricRegistry, wanted: MetricFilter = () => true): Stat[] {
  const stats: Stat[] = [];
  const flat = (name: string, labels: readonly string[], values: readonly string[]): string =>
    name + labels.map((label, at) => `.;.${label}=.=${values[at] ?? ''}`).join('');
  for (const family of registry.families) {
    for (const { values, series } of family.series.values()) {
      const name = flat(family.name, family.labels, values);
      if (!wanted(name)) continue;
      if (series instanceof Histogram) stats.push({ name, histogram: series });
      else stats.push({ name, value: registry.value(series as Slot) });
    }
  }
  for (const { name, labels, observe } of registry.observed) {
    observe((value, ...values) => {
      const full = flat(name, labels, values);
      if (wanted(full)) stats.push({ name: full, value });
    });
  }
  return stats.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const quantiles = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 1];

/** `name: value` per line; histograms with their quantiles. */
export function statsText(stats: readonly Stat[]): string {
  return stats
    .map((stat) => {
      if ('value' in stat) return `${stat.name}: ${stat.value}\n`;
      if (stat.histogram.count === 0) return `${stat.name}: No recorded values\n`;
      const shown = quantiles.map((q) => `P${q * 100}(nan,${round(stat.histogram.quantile(q))})`);
      return `${stat.name}: ${shown.join(' ')}\n`;
    })
    .join('');
}

/** Envoy's `format=json`. */
export function statsJson(stats: readonly Stat[]): unknown {
  const histograms = stats.filter((stat) => 'histogram' in stat);
  return {
    stats: [
      ...stats.filter((stat) => 'value' in stat),
      ...(histograms.length === 0
        ? []
        : [
            {
              histograms: {
                supported_quantiles: quantiles.map((q) => q * 100),
                computed_quantiles: histograms.map(({ name, histogram }) => ({
                  name,
                  values: quantiles.map((q) => ({
                    interval: null,
                    cumulative: histogram.count === 0 ? null : round(histogram.quantile(q)),
                  })),
                })),
              },
            },
          ]),
    ],
  };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
