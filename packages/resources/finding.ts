import { type FieldPath, formatPath } from './path.ts';
import type { Position, Problem } from './problem.ts';
import type { ProblemCode } from './problem-codes.ts';

/** A problem before it is bound to a place in a text: its path in parts. */
export interface Finding {
  readonly severity: Problem['severity'];
  readonly code: ProblemCode;
  readonly path: FieldPath;
  readonly message: string;
  /** The field's name is at fault, not its value. */
  readonly atKey?: boolean;
  /** It is about a text that a field holds: which one, and where within. */
  readonly within?: Within;
}

export interface Within {
  readonly field: FieldPath;
  /** 1-based, in the text that the field holds. */
  readonly line: number;
  readonly column: number;
}

/** Where a path stands in the text: its value, the field's name when `atKey`, or a place in the text that it holds. */
export type Locate = (path: FieldPath, atKey?: boolean, within?: Within) => Position | undefined;

export const error = (code: ProblemCode, path: FieldPath, message: string): Finding => ({
  severity: 'error',
  code,
  path,
  message,
});
export const warning = (code: ProblemCode, path: FieldPath, message: string): Finding => ({
  severity: 'warning',
  code,
  path,
  message,
});

/** Binds a finding to its place in the text, if there is one. */
export function toProblem(finding: Finding, locate?: Locate): Problem {
  const { severity, code, path, message, atKey = false, within } = finding;
  const position = within ? locate?.(within.field, false, within) : locate?.(path, atKey);
  return { severity, code, path: formatPath(path), message, ...(position === undefined ? {} : { position }) };
}
