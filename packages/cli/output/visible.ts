/** Control characters but newline and tab, unless they begin a sequence that only paints. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const acting = /(?!\x1b\[[0-9;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * Text that a terminal shows and does not obey. Proxies, applications and resources say what they like in names, reasons
 * and logs: also what moves the cursor, sets the title or writes the clipboard.
 */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(acting, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
