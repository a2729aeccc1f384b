import { stripColor, visibleLength } from './color.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Columns apart, as kubectl's; narrower where the terminal is. */
const GAP = '   ';
const NARROW_GAP = '  ';

/**
 * Aligned columns under upper-case headings, without lines and without trailing blanks. Cells may carry
 * colours. Rows wider than `width` are cut at the terminal's edge.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: {
    readonly width?: number;
    readonly heading?: (text: string) => string;
    readonly indent?: string;
  } = {},
): string {
  const { width, heading = (text) => text, indent = '' } = options;
  const widths = columns.map(({ title }, at) =>
    Math.max(visibleLength(title), ...rows.map((row) => visibleLength(row[at] ?? ''))),
  );
  const total = widths.reduce((sum, one) => sum + one, indent.length) + GAP.length * (columns.length - 1);
  const gap = width !== undefined && total > width ? NARROW_GAP : GAP;
  const line = (cells: readonly string[]): string => {
    const padded = columns.map((column, at) => {
      const cell = cells[at] ?? '';
      const blanks = ' '.repeat(Math.max(0, (widths[at] ?? 0) - visibleLength(cell)));
      return column.align === 'right' ? blanks + cell : cell + blanks;
    });
    return cut((indent + padded.join(gap)).trimEnd(), width);
  };
  const titles = line(columns.map(({ title }) => title));
  return [heading(titles), ...rows.map(line)].map((text) => `${text}\n`).join('');
}

/** Pairs as `Name:   value`, the values in one column. */
export function renderFields(fields: readonly (readonly [string, string])[], indent = ''): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length)) + 1;
  return fields
    .map(([name, value]) => `${indent}${`${name}:`.padEnd(width)}  ${value}`.trimEnd())
    .join('\n')
    .concat('\n');
}

/** The text's first `width` columns; a cut line loses its colours, which is rare and safe. */
export function cut(text: string, width: number | undefined): string {
  if (width === undefined || visibleLength(text) <= width) return text;
  return `${[...stripColor(text)].slice(0, Math.max(0, width - 1)).join('')}…`;
}
