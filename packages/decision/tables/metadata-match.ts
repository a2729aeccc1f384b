import type { StringMatcher } from './string-matcher.ts';

/** What a request's metadata must say at one place. */
export interface MetadataMatch {
  /** Whose metadata. */
  readonly filter: string;
  readonly path: readonly string[];
  readonly test: ValueTest;
  readonly invert: boolean;
}

export type ValueTest =
  | { readonly kind: 'present'; readonly present: boolean }
  | { readonly kind: 'text'; readonly test: StringMatcher }
  /** An item of a list. */
  | { readonly kind: 'one-of'; readonly item: ValueTest }
  | { readonly kind: 'any'; readonly of: readonly ValueTest[] };
