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
  const parts: (string | LogOperator)[] = [];
  const token = /%%|%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::(\d+))?%|[^%]+|%/gy;
  for (const [whole, name, argument, maxLength] of text.matchAll(token)) {
    if (name !== undefined) {
      parts.push(compileOperator(name, argument, maxLength === undefined ? undefined : Number(maxLength)));
    } else if (whole === '%%') parts.push('%');
    else if (whole === '%') throw new LogFormatError(`a lone % in ${JSON.stringify(text)}`);
    else parts.push(whole);
  }
  return parts;
}
