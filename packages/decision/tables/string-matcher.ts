/** Whether a value is as a user wants it. What else is known of such values lets indexes leave it out unasked. */
export interface StringMatcher {
  (value: string): boolean;
  /** No other value matches. */
  readonly exact?: string;
  /** Each value that matches contains it. */
  readonly literal?: string;
}
