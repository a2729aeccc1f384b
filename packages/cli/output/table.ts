import { stripColor, visibleLength } from './color.ts';
import { fold, longestWord } from './fold.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Left out, the last one first, and named below the table, where the terminal is too narrow. */
  readonly optional?: boolean;
}

/** Columns apart, as kubectl's; narrower where the terminal is. */
const GAP = '   ';
const NARROW_GAP = '  ';
/** No column is folded to less. */
const LEAST_WIDTH = 10;

export interface TableOptions {
  /** Of the terminal, in columns; undefined: a line may be as long as it is. */
  readonly width?: number | undefined;
  readonly heading?: (text: string) => string;
  readonly indent?: string;
  /** What happens to rows that are wider all the same: they go on below (the default), or are cut with `…`. */
  readonly overflow?: 'fold' | 'cut';
}

/**
 * Aligned columns under upper-case headings, without lines and without trailing blanks. Cells may carry
 * colours.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const {
    width = Number.POSITIVE_INFINITY,
    heading = (text) => text,
    indent = '',
    overflow = 'fold',
  } = options;
  const natural = columns.map(({ title }, at) =>
    Math.max(visibleLength(title), ...rows.map((row) => visibleLength(row[at] ?? ''))),
  );
  const total = (shown: readonly number[], gap: string): number =>
    shown.reduce((sum, at) => sum + (natural[at] ?? 0), indent.length) + gap.length * (shown.length - 1);
  let shown = columns.map((_, at) => at);
  const gap = total(shown, GAP) > width ? NARROW_GAP : GAP;
  while (overflow === 'fold' && total(shown, gap) > width) {
    const last = shown.findLast((at) => columns[at]?.optional === true);
    if (last === undefined) break;
    shown = shown.filter((at) => at !== last);
  }
  const room = width - indent.length - gap.length * (shown.length - 1);
  const longestWords = (at: number): number => Math.max(...rows.map((row) => longestWord(row[at] ?? '')));
  const widths = overflow === 'fold' ? narrowed(natural, columns, shown, room, longestWords) : natural;
  const line = (cells: readonly string[]): string[] => {
    const folded = shown.map((at) => fold(cells[at] ?? '', widths[at] ?? 0));
    return Array.from({ length: Math.max(1, ...folded.map(({ length }) => length)) }, (_, part) => {
      const padded = shown.map((at, index) => {
        const cell = folded[index]?.[part] ?? '';
        const blanks = ' '.repeat(Math.max(0, (widths[at] ?? 0) - visibleLength(cell)));
        return columns[at]?.align === 'right' ? blanks + cell : cell + blanks;
      });
      return cut((indent + padded.join(gap)).trimEnd(), width);
    });
  };
  const hidden = columns.flatMap(({ title }, at) => (shown.includes(at) ? [] : [title]));
  const below =
    hidden.length === 0 ? [] : [`${indent}(a wider terminal, or -o json, shows ${hidden.join(', ')} too)`];
  return [
    ...line(columns.map(({ title }) => title)).map(heading),
    ...rows.flatMap(line),
    ...below.map(heading),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

/** Widths that take no more than `room` together: the widest columns give way, to their longest words, then to less. */
function narrowed(
  natural: readonly number[],
  columns: readonly TableColumn[],
  shown: readonly number[],
  room: number,
  longestWords: (at: number) => number,
): number[] {
  const widths = [...natural];
  const giveWay = (least: (at: number) => number): void => {
    const over = shown.reduce((sum, at) => sum + (widths[at] ?? 0), -room);
    for (let left = over; left > 0; left--) {
      const [widest] = shown
        .filter((at) => (widths[at] ?? 0) > least(at))
        .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
      if (widest === undefined) return;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  };
  const atLeast = (at: number): number => Math.max(LEAST_WIDTH, columns[at]?.title.length ?? 0);
  if (Number.isFinite(room)) {
    giveWay((at) => Math.max(atLeast(at), longestWords(at)));
    giveWay(atLeast);
  }
  return widths;
}

/** Pairs as `Name:   value`, the values in one column, folded where the terminal ends. */
export function renderFields(
  fields: readonly (readonly [string, string])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const names = Math.max(0, ...fields.map(([name]) => name.length)) + 3;
  return fields
    .flatMap(([name, value]) =>
      fold(value, width - names).map((part, at) =>
        `${(at === 0 ? `${name}:` : '').padEnd(names)}${part}`.trimEnd(),
      ),
    )
    .join('\n')
    .concat('\n');
}

/** The text's first `width` columns; a cut line loses its colours, which is rare and safe. */
function cut(text: string, width: number | undefined): string {
  if (width === undefined || visibleLength(text) <= width) return text;
  return `${[...stripColor(text)].slice(0, Math.max(0, width - 1)).join('')}…`;
}
