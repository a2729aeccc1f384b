import type { Writable } from 'node:stream';

/** Paints text, or leaves it alone where the output is no terminal or NO_COLOR is set. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  cyan(text: string): string;
}

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
} as const;

/** https://no-color.org: any non-empty NO_COLOR switches colours off; FORCE_COLOR is not looked at. */
export function wantsColor(
  stream: Writable & { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

export function palette(enabled: boolean): Palette {
  const paint = (name: keyof typeof CODES) => {
    const [on, off] = CODES[name];
    return (text: string): string => (enabled && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text);
  };
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    blue: paint('blue'),
    cyan: paint('cyan'),
  };
}

/** How many columns the text takes, escape sequences not counted. */
export function visibleLength(text: string): number {
  let length = 0;
  for (const _ of stripColor(text)) length++;
  return length;
}

export function stripColor(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with a control character
  return text.replace(/\x1b\[[0-9;]*m/g, '');
}
