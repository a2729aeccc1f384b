import type { Place } from './documents.ts';

/**
 * A place of the text that a YAML value holds, as a place of the YAML text itself. Only a literal block (`|`) keeps
 * its lines; of other forms it is where the value begins.
 * @param start of the value: of a block, its `|`
 */
export function placeWithin(lines: readonly string[], start: Place, inner: Place): Place {
  const header = lines[start.line - 1] ?? '';
  if (header[start.column - 1] !== '|') return start;
  const first = lines.slice(start.line).find((line) => line.trim() !== '') ?? '';
  const indent = first.length - first.trimStart().length;
  return { line: start.line + inner.line, column: indent + inner.column };
}
