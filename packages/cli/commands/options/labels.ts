import { usageError } from '../../failure.ts';

/** `version=v4` ⇒ its key and value. @throws Failure (usage) for anything else */
export function parseLabels(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw usageError(`--label must be KEY=VALUE, not "${word}"`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
