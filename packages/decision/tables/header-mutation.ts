import type { SubstitutionContext } from '../substitution.ts';

export interface HeaderMutation {
  readonly set: readonly HeaderValue[];
  readonly add: readonly HeaderValue[];
  readonly remove: readonly string[];
}

/** Values may use Envoy's `%…%` substitutions: then `render` is set. */
export interface HeaderValue {
  readonly name: string;
  readonly value: string;
  readonly render?: (context: SubstitutionContext) => string;
}
