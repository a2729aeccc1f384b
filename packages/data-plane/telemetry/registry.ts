import { defaultBuckets, Histogram } from './histogram.ts';

/** Index of one series; resolved once, then counting is one addition. */
export type Slot = number;

export interface FamilyOptions {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Series of the family; more share one whose labels all read `overflow`. */
  readonly maxSeries?: number;
}

const overflow = 'overflow';
const defaultMaxSeries = 5_000;

/** Series of one name, by label values. */
export class Family<Series> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly series = new Map<string, { readonly values: readonly string[]; readonly series: Series }>();
  readonly #make: () => Series;
  readonly #max: number;

  constructor(kind: 'counter' | 'gauge' | 'histogram', options: FamilyOptions, make: () => Series) {
    this.kind = kind;
    this.name = options.name;
    this.help = options.help;
    this.labels = options.labels ?? [];
    this.#max = options.maxSeries ?? defaultMaxSeries;
    this.#make = make;
  }

  /** The series with these label values, in the order of `labels`. */
  with(...values: readonly string[]): Series {
    const key = values.join('\u0000');
    const known = this.series.get(key);
    if (known !== undefined) return known.series;
    if (this.series.size >= this.#max && values.some((value) => value !== overflow)) {
      return this.with(...this.labels.map(() => overflow));
    }
    const series = this.#make();
    this.series.set(key, { values: [...values], series });
    return series;
  }

  /** Forgets a series, for what is gone for good; its slot is not used again. */
  remove(...values: readonly string[]): void {
    this.series.delete(values.join('\u0000'));
  }
}

/** Says values when asked: for what is counted elsewhere. */
export interface Observed {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly labels: readonly string[];
  /** Every worker of a proxy says the same of it: one is asked. Else what they say is added up. */
  readonly sameInWorkers?: boolean;
  readonly observe: (say: (value: number, ...labels: readonly string[]) => void) => void;
}

/** All metrics of one proxy. */
export class MetricRegistry {
  readonly families: (Family<Slot> | Family<Histogram>)[] = [];
  readonly observed: Observed[] = [];
  #values = new Float64Array(256);
  #used = 0;

  counter(options: FamilyOptions): Family<Slot> {
    return this.#add(new Family<Slot>('counter', options, () => this.#newSlot()));
  }

  gauge(options: FamilyOptions): Family<Slot> {
    return this.#add(new Family<Slot>('gauge', options, () => this.#newSlot()));
  }

  histogram(options: FamilyOptions & { readonly buckets?: readonly number[] }): Family<Histogram> {
    return this.#add(
      new Family<Histogram>('histogram', options, () => new Histogram(options.buckets ?? defaultBuckets)),
    );
  }

  observe(observed: Observed): void {
    this.observed.push(observed);
  }

  increment(slot: Slot): void {
    this.#values[slot] = (this.#values[slot] as number) + 1;
  }

  /** Negative amounts are for gauges. */
  add(slot: Slot, amount: number): void {
    this.#values[slot] = (this.#values[slot] as number) + amount;
  }

  /** Of gauges. */
  set(slot: Slot, value: number): void {
    this.#values[slot] = value;
  }

  value(slot: Slot): number {
    return this.#values[slot] ?? 0;
  }

  #add<Series extends Slot | Histogram>(family: Family<Series>): Family<Series> {
    if (this.families.some(({ name }) => name === family.name))
      throw new Error(`two metrics are named ${family.name}`);
    this.families.push(family as Family<Slot> | Family<Histogram>);
    return family;
  }

  #newSlot(): Slot {
    if (this.#used === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    return this.#used++;
  }
}
