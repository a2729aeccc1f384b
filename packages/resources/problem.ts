import type { ProblemCode } from './problem-codes.ts';

/**
 * One thing wrong with what a user wrote. Validators collect all of them; the same text appears in the
 * CLI, the API's Status, the console and conditions.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: ProblemCode;
  /** Field path as written: `spec.http[0].route[1].weight`; empty for the whole document. */
  readonly path: string;
  /** What is wrong, what was expected, and the nearest known name where that helps. One line. */
  readonly message: string;
  /** Where it stands, when the resource came from text. 1-based. */
  readonly position?: Position;
}

export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `mesh.yaml:14:9 spec.http[0].route[1].weight: must be ≥ 0` */
export function formatProblem(problem: Problem): string {
  const { position, path, message } = problem;
  const where = position === undefined ? [] : [`${position.file}:${position.line}:${position.column}`];
  const what = path === '' ? message : `${path}: ${message}`;
  return [...where, what].join(' ');
}
