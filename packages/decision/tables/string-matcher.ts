export type StringMatcher = (value: string) => boolean;
