import type { AccessLog, JsonFormat } from '@tulle/decision/tables/access-log';
import {
  compileOperator,
  type LogEntry,
  LogFormatError,
  type LogOperator,
  type LogValue,
} from './log-operators.ts';

/** One line, its end included. */
export type LogFormatter = (entry: LogEntry) => string;

/**
 * Compiles Envoy's format strings and format dictionaries once, when configuration loads.
 *
 * @throws LogFormatError for an operator that we do not know, or a lone `%`
 */
export function compileLogFormat(format: AccessLog['format']): LogFormatter {
  if (format.kind === 'text') {
    const parts = partsOf(format.text);
    return (entry) => {
      let line = '';
      for (const part of parts) line += typeof part === 'string' ? part : (part(entry) ?? '-');
      return line;
    };
  }
  const render = compileJson(format.fields);
  return (entry) => `${JSON.stringify(render(entry))}\n`;
}

interface JsonObject {
  [name: string]: LogValue | null | JsonObject;
}

function compileJson(fields: JsonFormat): (entry: LogEntry) => JsonObject {
  const members = Object.entries(fields).map(
    ([name, value]) => [name, typeof value === 'string' ? compileMember(value) : compileJson(value)] as const,
  );
  return (entry) => {
    const object: JsonObject = {};
    for (const [name, render] of members) object[name] = render(entry) ?? null;
    return object;
  };
}

/** A lone operator keeps its type, as in Envoy: numbers are numbers, what is missing is null. */
function compileMember(text: string): (entry: LogEntry) => LogValue {
  const parts = partsOf(text);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'function') return only;
  return (entry) => parts.map((part) => (typeof part === 'string' ? part : (part(entry) ?? '-'))).join('');
}

function partsOf(text: string): (string | LogOperator)[] {
  return tokensOf(text).map((token) =>
    typeof token === 'string' ? token : compileOperator(token.name, token.argument, token.maxLength),
  );
}

/** Text as it stands, or an operator. */
export type LogToken =
  | string
  | {
      readonly name: string;
      /** What stands in parentheses; undefined without. */
      readonly argument: string | undefined;
      readonly maxLength: number | undefined;
    };

/** A format string taken apart. @throws LogFormatError for a lone `%` */
export function tokensOf(text: string): LogToken[] {
  const tokens: LogToken[] = [];
  const token = /%%|%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%|[^%]+|%/gy;
  for (const [whole, name, argument, maxLength] of text.matchAll(token)) {
    if (name !== undefined)
      tokens.push({ name, argument, maxLength: maxLength === undefined ? undefined : Number(maxLength) });
    else if (whole === '%%') tokens.push('%');
    else if (whole === '%') throw new LogFormatError(`a lone % in ${JSON.stringify(text)}`);
    else tokens.push(whole);
  }
  return tokens;
}
