/** Gathers the values of an option that may be given again and again. */
export const repeatable = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];
