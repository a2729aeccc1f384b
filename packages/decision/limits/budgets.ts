import type { DescriptorRule, LocalRateLimit, TokenBucketSettings } from '../tables/rate-limit.ts';
import {
  type CountedRequest,
  constantKey,
  type Descriptor,
  descriptorKey,
  keyOf,
  ofKey,
} from './descriptor.ts';

/** Where a request takes its token: a bucket of this process, or its part of one that several share. */
export interface Budget {
  readonly maxTokens: number;
  /** Tokens per millisecond. */
  readonly rate: number;
  /** False: none is left here. */
  take(now: number): boolean;
  /** Whole tokens that are left, as far as it is known here. */
  left(now: number): number;
  /** Milliseconds until there is one again. */
  wait(now: number): number;
  /**
   * After a `take` in vain, where the bucket is shared: `onAnswer` is called once, with true when a token was taken,
   * unless the function returned is called before. Absent or undefined: the no stands.
   */
  ask?(now: number, onAnswer: (taken: boolean) => void): (() => void) | undefined;
}

/** Opens a budget under a name that all who share it use. */
export type OpenBudget = (name: string, settings: TokenBucketSettings) => Budget;

/** A budget that a request must keep. */
export interface Due {
  /** Of the descriptor's first entry: which limit it is. Empty: the default one. */
  readonly limit: string;
  readonly budget: Budget;
}

interface Template {
  readonly descriptor: Descriptor;
  readonly bucket: TokenBucketSettings;
}

/**
 * The budgets of one local rate limit: those of its descriptors, and of each value that came where a descriptor
 * stands for any. Of these at most `maxDynamic` are kept per descriptor, as in Envoy: the least recently used goes, and
 * would begin full again.
 */
export class Budgets {
  readonly #name: string;
  readonly #open: OpenBudget;
  readonly #exact = new Map<string, Due>();
  readonly #any: { readonly template: Template; readonly made: Map<string, Due> }[] = [];
  readonly #maxDynamic: number;
  readonly #default: Due | undefined;
  readonly #always: boolean;
  /** Of rules that count every request as the same. */
  readonly #constant = new WeakMap<DescriptorRule, Due | 'none' | 'varies'>();

  constructor(limit: LocalRateLimit, open: OpenBudget) {
    this.#name = limit.name;
    this.#open = open;
    this.#maxDynamic = limit.maxDynamic;
    this.#always = limit.alwaysBucket;
    this.#default =
      limit.bucket === undefined ? undefined : { limit: '', budget: open(limit.name, limit.bucket) };
    for (const { entries, bucket } of limit.descriptors) {
      const descriptor = entries.flatMap(({ key, value }) => [key, value]);
      const key = keyOf(descriptor);
      if (entries.every(({ value }) => value !== ''))
        this.#exact.set(key, this.#due(key, { descriptor, bucket }));
      else this.#any.push({ template: { descriptor, bucket }, made: new Map() });
    }
  }

  /** What a request must take a token of each of, the one that fills most slowly first. */
  of(rules: readonly DescriptorRule[], stage: number, counted: CountedRequest): readonly Due[] {
    const found: Due[] = [];
    for (const rule of rules) {
      if (rule.stage !== stage) continue;
      const due = this.#dueFor(rule, counted);
      if (due !== undefined) found.push(due);
    }
    if (found.length > 1) found.sort((a, b) => a.budget.rate - b.budget.rate);
    if (this.#default !== undefined && (this.#always || found.length === 0)) found.push(this.#default);
    return found;
  }

  #dueFor(rule: DescriptorRule, counted: CountedRequest): Due | undefined {
    let constant = this.#constant.get(rule);
    if (constant === undefined) {
      const key = constantKey(rule);
      constant = key === undefined ? 'varies' : (this.#find(key) ?? 'none');
      this.#constant.set(rule, constant);
    }
    if (constant !== 'varies') return constant === 'none' ? undefined : constant;
    const key = descriptorKey(rule, counted);
    return key === undefined ? undefined : this.#find(key);
  }

  #find(key: string): Due | undefined {
    const exact = this.#exact.get(key);
    if (exact !== undefined) return exact;
    for (const { made } of this.#any) {
      const known = made.get(key);
      if (known === undefined) continue;
      // The map's order is that of use, as soon as it matters.
      if (made.size * 2 > this.#maxDynamic) {
        made.delete(key);
        made.set(key, known);
      }
      return known;
    }
    return this.#make(key);
  }

  #make(key: string): Due | undefined {
    const descriptor = ofKey(key);
    const fitting = this.#any.find(({ template }) => fits(template.descriptor, descriptor));
    if (fitting === undefined) return undefined;
    const { template, made } = fitting;
    const [oldest] = made.size >= this.#maxDynamic ? made.keys() : [];
    if (oldest !== undefined) made.delete(oldest);
    const due = this.#due(key, template);
    made.set(key, due);
    return due;
  }

  #due(key: string, { descriptor, bucket }: Template): Due {
    const budget = this.#open(`${this.#name}\0${key}`, bucket);
    return { limit: descriptor[1] ?? '', budget };
  }
}

function fits(template: Descriptor, descriptor: Descriptor): boolean {
  if (template.length !== descriptor.length) return false;
  for (let at = 0; at < template.length; at += 2) {
    if (template[at] !== descriptor[at]) return false;
    const wanted = template[at + 1];
    if (wanted !== '' && wanted !== descriptor[at + 1]) return false;
  }
  return true;
}
