/** Envoy's default buckets (envoy.config.metrics.v3, HistogramBucketSettings); unit is the metric's own. */
export const defaultBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

const perOctave = 16;
const octaves = 32;

/** What a histogram holds, as plain data. */
export interface HistogramData {
  readonly buckets: readonly number[];
  readonly counts: Float64Array;
  readonly sum: number;
  readonly count: number;
  readonly bins: Uint32Array;
}

/**
 * One series of values ≥ 0: exact counts for the Prometheus buckets, and log-linear bins (16 per power of
 * two, below 1 of 1/16 each) for quantiles within 6.25 %. Values above 2³² count as 2³².
 */
export class Histogram {
  readonly buckets: readonly number[];
  /** One more than buckets: the last is +Inf. Not cumulative. */
  readonly counts: Float64Array;
  sum = 0;
  count = 0;
  readonly #bins = new Uint32Array(perOctave * (octaves + 1));

  constructor(buckets: readonly number[] = defaultBuckets) {
    this.buckets = buckets;
    this.counts = new Float64Array(buckets.length + 1);
  }

  record(value: number): void {
    // NaN, of a clock that went wrong, counts as 0 too.
    const known = Number.isNaN(value) ? 0 : Math.max(0, value);
    this.sum += known;
    this.count++;
    const { buckets } = this;
    let at = 0;
    while (at < buckets.length && known > (buckets[at] as number)) at++;
    this.counts[at] = (this.counts[at] as number) + 1;
    const bin = binOf(known);
    this.#bins[bin] = (this.#bins[bin] as number) + 1;
  }

  get data(): HistogramData {
    const { buckets, counts, sum, count } = this;
    return { buckets, counts, sum, count, bins: this.#bins };
  }

  /** Adds another's values; its buckets must be the same. */
  add({ counts, sum, count, bins }: HistogramData): void {
    this.sum += sum;
    this.count += count;
    for (let at = 0; at < this.counts.length; at++)
      this.counts[at] = (this.counts[at] as number) + (counts[at] ?? 0);
    for (let bin = 0; bin < this.#bins.length; bin++)
      this.#bins[bin] = (this.#bins[bin] as number) + (bins[bin] ?? 0);
  }

  /** The value that a share `q` (0 to 1) of the values does not exceed; NaN without values. */
  quantile(q: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count));
    let seen = 0;
    for (let bin = 0; bin < this.#bins.length; bin++) {
      seen += this.#bins[bin] as number;
      if (seen >= rank) return (binStart(bin) + binStart(bin + 1)) / 2;
    }
    return 2 ** octaves;
  }
}

function binOf(value: number): number {
  if (value < 1) return Math.floor(value * perOctave);
  if (value >= 2 ** octaves) return perOctave * (octaves + 1) - 1;
  const octave = 31 - Math.clz32(value);
  return perOctave * (octave + 1) + Math.floor((value / 2 ** octave - 1) * perOctave);
}

function binStart(bin: number): number {
  if (bin < perOctave) return bin / perOctave;
  const octave = Math.floor(bin / perOctave) - 1;
  return 2 ** octave * (1 + (bin % perOctave) / perOctave);
}
