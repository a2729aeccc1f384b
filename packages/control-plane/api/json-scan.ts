/** What JSON.parse doesn't tell of a text. */
export interface JsonScan {
  readonly depth: number;
  /** Paths of fields that an object has more than once. */
  readonly duplicateFields: readonly string[];
  /** Every name of a field. */
  readonly fields: ReadonlySet<string>;
}

interface Level {
  readonly path: string;
  /** Undefined for a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** One pass without recursion over a text that JSON.parse has accepted. */
export function scanJson(text: string): JsonScan {
  const fields = new Set<string>();
  const duplicateFields: string[] = [];
  const stack: Level[] = [];
  let depth = 0;
  let expectKey = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const level = stack.at(-1);
    if (char === '"') {
      const end = endOfString(text, at);
      if (expectKey && level?.keys !== undefined) {
        level.key = JSON.parse(text.slice(at, end + 1)) as string;
        if (level.keys.has(level.key)) duplicateFields.push(pathOf(level));
        level.keys.add(level.key);
        fields.add(level.key);
        expectKey = false;
      }
      at = end;
    } else if (char === '{' || char === '[') {
      const path = level === undefined ? '' : pathOf(level);
      stack.push({ path, keys: char === '{' ? new Set() : undefined, key: '', index: 0 });
      depth = Math.max(depth, stack.length);
      expectKey = char === '{';
      // Deeper than anyone allows: the paths would cost more than the answer is worth.
      if (depth > 1000) break;
    } else if (char === '}' || char === ']') {
      stack.pop();
      expectKey = false;
    } else if (char === ',' && level !== undefined) {
      level.index++;
      expectKey = level.keys !== undefined;
    }
  }
  return { depth, duplicateFields, fields };
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function pathOf({ path, keys, key, index }: Level): string {
  if (keys === undefined) return `${path}[${index}]`;
  return path === '' ? key : `${path}.${key}`;
}
