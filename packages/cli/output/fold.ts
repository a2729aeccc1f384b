import { stripColor, visibleLength } from './color.ts';

/** A text that is painted as a whole. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with a control character
const painted = /^((?:\x1b\[[0-9;]*m)+)(.*?)((?:\x1b\[[0-9;]*m)+)$/s;

const separators = '.:/|,-=_';

/** The width to which a text can be folded without breaking within words. */
export function longestWord(text: string): number {
  return Math.max(
    ...stripColor(text)
      .split(/(?<=[.:/|,=_-])|\s/)
      .map(({ length }) => length),
  );
}

/**
 * Text in lines of at most `width` columns: broken after a blank, else after what separates the parts of a name
 * (`. : / | , - = _`), else anywhere. What is painted as a whole stays so; other colours are lost where it is broken.
 */
export function fold(text: string, width: number): string[] {
  if (visibleLength(text) <= width || width < 1) return [text];
  const [, before = '', inner, after = ''] = painted.exec(text) ?? [];
  let rest = [...stripColor(inner ?? text)];
  const lines: string[] = [];
  while (rest.length > width) {
    const length = breakAt(rest, width);
    lines.push(rest.slice(0, length).join('').trimEnd());
    rest = rest.slice(length);
    while (rest[0] === ' ') rest.shift();
  }
  if (rest.length > 0) lines.push(rest.join(''));
  return lines.map((line) => `${before}${line}${after}`);
}

/** How many characters go on this line. A name is not broken in its first third: the rest would look like another. */
function breakAt(text: readonly string[], width: number): number {
  if (text[width] === ' ') return width;
  const blank = text.slice(0, width).lastIndexOf(' ');
  if (blank > 0) return blank;
  const separator = text.slice(0, width).findLastIndex((character) => separators.includes(character));
  return separator >= width / 3 ? separator + 1 : width;
}
