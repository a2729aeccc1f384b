import type { Problem } from '@tulle/resources/problem';
import type { ProblemCode } from '@tulle/resources/problem-codes';
import type { Origin } from '@tulle/xds/resource';

/** Something that a proxy's configuration can't do for a resource as its author meant it: for conditions. */
export interface Note {
  /** The resource; its `path` is that of the problem. */
  readonly origin: Origin;
  readonly problem: Problem;
}

export function note(origin: Origin, code: ProblemCode, message: string, path: string = origin.path): Note {
  return { origin: { ...origin, path }, problem: { severity: 'warning', code, path, message } };
}
