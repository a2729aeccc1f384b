import {
  Composer,
  type CST,
  type Document,
  Lexer,
  LineCounter,
  type Node,
  type ParsedNode,
  Parser,
} from 'yaml';
import type { FieldPath } from '../path.ts';
import type { Limits } from './limits.ts';
import { locator } from './locate.ts';
import { type Budget, offsetOf, type Refusal, toPlain } from './to-plain.ts';
import { placeWithin } from './within.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One YAML document (or a whole JSON text) as plain data. */
export interface TextDocument {
  readonly value: unknown;
  readonly place: Place;
  /**
   * The place of the value at `path`, or of its name; of the nearest field above where there is none.
   * @param within a place in the text that the value is
   */
  readonly locate: (path: FieldPath, atKey?: boolean, within?: Place) => Place;
  /** What is wrong with the text itself; the value is then incomplete. */
  readonly refusals: readonly (Refusal & { readonly place: Place })[];
}

/** Splits a text into its documents; empty ones are left out. Syntax errors: the first of each document. */
export function readDocuments(text: string, limits: Limits): TextDocument[] {
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const budget: Budget = { aliasNodes: 0 };
  const json = /^\s*[{[]/.test(text);
  const documents: TextDocument[] = [];
  try {
    for (const document of compose(text, lines, limits)) {
      const read = readDocument(document, json, limits, budget);
      if (read === undefined) continue;
      const { value, refusals, find, start } = read;
      documents.push({
        value,
        place: placeOf(start),
        locate: (path, atKey = false, within) => {
          const place = placeOf(find(path, atKey));
          return within === undefined ? place : placeWithin(text.split('\n'), place, within);
        },
        refusals: refusals.map((refusal) => ({ ...refusal, place: placeOf(refusal.offset) })),
      });
    }
  } catch (failure) {
    if (!(failure instanceof TooDeep)) throw failure;
    const place = placeOf(failure.offset);
    const refusal = {
      code: 'too-deep' as const,
      path: [],
      message: `is nested deeper than ${limits.maxDepth} levels`,
      offset: failure.offset,
      place,
    };
    documents.push({ value: undefined, place, locate: () => place, refusals: [refusal] });
  }
  return documents;
}

/** Error tokens and directives after which the rest of a text is not read. */
const maxMistakes = 100;

class TooDeep extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super('too deep');
    this.offset = offset;
  }
}

function* compose(
  text: string,
  lines: LineCounter,
  limits: Limits,
): Generator<Document.Parsed<ParsedNode, true>> {
  // Keys given twice are found by our own reader: the library's search is quadratic.
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    intAsBigInt: true,
    logLevel: 'silent',
    prettyErrors: false,
    keepSourceTokens: false,
  });
  yield* composer.compose(tokens(text, lines, limits)) as Generator<Document.Parsed<ParsedNode, true>>;
}

/** The library's parser, stopped before its nesting (and the composer's recursion) grows without bound. */
function* tokens(text: string, lines: LineCounter, limits: Limits): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let mistakes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === 'error' || token.type === 'directive') mistakes++;
      yield token;
    }
    // Only the first error of a document is shown; a text full of them would take the library minutes.
    if (mistakes > maxMistakes) break;
    // The stack holds the document and every open collection.
    if (parser.stack.length > limits.maxDepth + 4) throw new TooDeep(parser.offset);
  }
  yield* parser.end();
}

function readDocument(document: Document.Parsed, json: boolean, limits: Limits, budget: Budget) {
  const contents = document.contents as Node | null;
  const find = locator(contents);
  const [first] = document.errors;
  if (first !== undefined) {
    const offset = first.pos[0];
    const message = `invalid ${json ? 'JSON' : 'YAML'}: ${sentence(first.message)}`;
    return {
      value: undefined,
      find,
      start: offset,
      refusals: [{ code: 'syntax' as const, path: [], message, offset }],
    };
  }
  const isEmpty =
    contents === null ||
    ((contents as { value?: unknown }).value === null && contents.range?.[0] === contents.range?.[1]);
  if (isEmpty) return undefined;
  const { value, refusals } = toPlain(contents, limits, budget);
  return { value, find, start: offsetOf(contents), refusals };
}

/** The library's message, first line only, as the tail of a sentence. */
function sentence(message: string): string {
  const line = (message.split('\n')[0] ?? '')
    .replace(/ at line \d+, column \d+:?$/, '')
    .replace(' in YAML stream', '')
    .replace(/closing (['"])quote/, 'closing quote ($1)')
    .trim();
  return /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
}
