import { tokensOf } from '@tulle/data-plane/telemetry/log-format';
import type { AccessLog, JsonFormat } from '@tulle/decision/tables/access-log';
import { operatorName } from './operators.ts';

/** Values by operator as it is written, `REQ(:PATH)`; what was absent is not there. */
export type LogFields = ReadonlyMap<string, string>;

/** Undefined: the line is not of this format. */
export type ReadLine = (line: string) => LogFields | undefined;

/** The way back from a line to its values. Of operators that touch only the last has a value. */
export function lineReader(format: AccessLog['format']): ReadLine {
  return format.kind === 'text' ? textReader(format.text) : jsonReader(format.fields);
}

/**
 * Each value ends where the text that follows it in the format begins: one pass, without going back. A value
 * that contains that text is cut short, and its line most likely not of the format.
 */
function textReader(text: string): ReadLine {
  const tokens = tokensOf(text.trimEnd());
  return (line) => {
    const fields = new Map<string, string>();
    let at = 0;
    for (const [index, token] of tokens.entries()) {
      if (typeof token === 'string') {
        if (!line.startsWith(token, at)) return undefined;
        at += token.length;
        continue;
      }
      const next = tokens[index + 1];
      const end = next === undefined ? line.length : typeof next === 'string' ? line.indexOf(next, at) : at;
      if (end < 0) return undefined;
      for (const [name, value] of present(operatorName(token), line.slice(at, end))) fields.set(name, value);
      at = end;
    }
    return at === line.length ? fields : undefined;
  };
}

function jsonReader(fields: JsonFormat): ReadLine {
  return (line) => {
    if (!line.startsWith('{')) return undefined;
    try {
      return new Map(jsonFields(fields, JSON.parse(line)));
    } catch {
      return undefined;
    }
  };
}

function* jsonFields(format: JsonFormat, value: unknown): Iterable<readonly [string, string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [field, of] of Object.entries(format)) {
    const found = (value as Record<string, unknown>)[field];
    if (typeof of !== 'string') yield* jsonFields(of, found);
    else {
      const [token, ...others] = tokensOf(of);
      if (token === undefined || typeof token === 'string' || others.length > 0) continue;
      if (found !== null && found !== undefined) yield* present(operatorName(token), String(found));
    }
  }
}

const present = (name: string, value: string | undefined): [string, string][] =>
  value === undefined || value === '-' || value === '' ? [] : [[name, value]];
