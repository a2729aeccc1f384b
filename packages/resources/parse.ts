import { show } from './issue.ts';
import type { Resource, ResourceKind } from './kind.ts';
import { knownListFields, listItems } from './list.ts';
import { type FieldPath, formatPath } from './path.ts';
import type { Position, Problem } from './problem.ts';
import type { ProblemCode } from './problem-codes.ts';
import { decodeText } from './text/decode.ts';
import { type Place, readDocuments, type TextDocument } from './text/documents.ts';
import { defaultLimits, type Limits } from './text/limits.ts';
import { type ValidateOptions, validateResource } from './validate.ts';

export interface ParseOptions {
  /** How the text is called in positions; `-` by default (standard input). */
  readonly file?: string;
  readonly limits?: Partial<Limits>;
  readonly check?: ValidateOptions['check'];
}

/** One resource of a text: a YAML document, a JSON text, or an item of a list. */
export interface ParsedDocument {
  /** Where it starts. */
  readonly position: Position;
  /** Plain data as written; undefined when the text itself is broken. */
  readonly object: unknown;
  /** Its kind, when that is known. */
  readonly kind?: ResourceKind;
  /** Only when there are no errors. */
  readonly resource?: Resource;
  readonly problems: readonly Problem[];
  /** Where a field stands (its name, when `atKey`); the nearest field above where there is none. */
  readonly locate: (path: FieldPath, atKey?: boolean) => Position;
}

export interface ParseResult {
  readonly documents: readonly ParsedDocument[];
  /** What is wrong with the text as a whole: too large, not text, empty. Else empty. */
  readonly problems: readonly Problem[];
}

/**
 * Reads resources from YAML (several documents, `kind: List`) or JSON and checks each one. Bytes are safer to
 * pass than text: their encoding is checked too. Never throws.
 */
export function parseResources(input: string | Uint8Array, options: ParseOptions = {}): ParseResult {
  const file = options.file ?? '-';
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const whole = (code: ProblemCode, message: string, line = 1, column = 1): ParseResult => ({
    documents: [],
    problems: [{ severity: 'error', code, path: '', message, position: { file, line, column } }],
  });

  const text = decodeText(input, limits.maxBytes);
  if (typeof text !== 'string') return whole(text.code, text.message, text.line, text.column);
  const read = readDocuments(text, limits);
  if (read.length === 0) return whole('empty', 'is empty: there is no resource in it');

  let left = limits.maxProblems;
  const documents: ParsedDocument[] = [];
  for (const document of read) {
    for (const parsed of toResources(document, file, options.check)) {
      const problems = parsed.problems.slice(0, left);
      left -= problems.length;
      documents.push(
        problems.length === parsed.problems.length
          ? parsed
          : { ...parsed, problems: [...problems, tooMany(parsed, limits.maxProblems)] },
      );
    }
  }
  return { documents, problems: [] };
}

const tooMany = ({ position }: ParsedDocument, limit: number): Problem => ({
  severity: 'error',
  code: 'too-many',
  path: '',
  message: `more than ${limit} problems; the rest is not shown`,
  position,
});

function toResources(
  document: TextDocument,
  file: string,
  check: ValidateOptions['check'],
): ParsedDocument[] {
  const locate = (path: FieldPath, atKey = false, within?: Place): Position => ({
    file,
    ...document.locate(path, atKey, within),
  });
  const base = { position: { file, ...document.place }, object: document.value, locate };
  if (document.refusals.length > 0) {
    const problems = document.refusals.map(
      ({ code, path, message, place }): Problem => ({
        severity: 'error',
        code,
        path: formatPath(path),
        message,
        position: { file, ...place },
      }),
    );
    return [{ ...base, problems }];
  }
  const items = listItems(document.value);
  if (items === undefined) return [{ ...base, ...validateResource(document.value, { locate, check }) }];
  if (items === 'not a list') {
    const { items: found } = document.value as { items?: unknown };
    const message = found === undefined ? 'is required (list)' : `must be a list, not ${show(found)}`;
    return [
      {
        ...base,
        problems: [
          { severity: 'error', code: 'wrong-type', path: 'items', message, position: locate(['items']) },
        ],
      },
    ];
  }
  const unknown = Object.keys(document.value as object).filter((name) => !knownListFields.has(name));
  const strays = unknown.map(
    (name): Problem => ({
      severity: 'error',
      code: 'unknown-field',
      path: formatPath([name]),
      message: `unknown field; known here: ${[...knownListFields].sort().join(', ')}`,
      position: locate([name], true),
    }),
  );
  const parsed = items.map((object, index) => fromList(object, ['items', index], locate, check));
  return strays.length > 0 ? [{ ...base, problems: strays }, ...parsed] : parsed;
}

/** An item of a list: paths and positions are the text's, from the list's root. */
function fromList(
  object: unknown,
  prefix: FieldPath,
  locate: (path: FieldPath, atKey?: boolean, within?: Place) => Position,
  check: ValidateOptions['check'],
): ParsedDocument {
  const inItem = (path: FieldPath, atKey = false, within?: Place): Position =>
    locate([...prefix, ...path], atKey, within);
  const { problems, ...validation } = validateResource(object, { locate: inItem, check });
  const head = formatPath(prefix);
  const prefixed = problems.map((problem) => ({
    ...problem,
    path: problem.path === '' ? head : `${head}${problem.path.startsWith('[') ? '' : '.'}${problem.path}`,
  }));
  return { position: inItem([]), object, locate: inItem, ...validation, problems: prefixed };
}
