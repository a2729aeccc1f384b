/** What a text may cost. Everything here is decided before the work is done. */
export interface Limits {
  /** Longest input in bytes; 8 MiB by default. */
  readonly maxBytes: number;
  /** Deepest nesting of lists and objects; 64 by default. */
  readonly maxDepth: number;
  /** Nodes that aliases may add to all documents together; 10,000 by default. */
  readonly maxAliasNodes: number;
  /** Problems that are reported; the rest is counted. 500 by default. */
  readonly maxProblems: number;
}

export const defaultLimits: Limits = {
  maxBytes: 8 * 1024 * 1024,
  maxDepth: 64,
  maxAliasNodes: 10_000,
  maxProblems: 500,
};
