import type { Reporter } from './reporter.ts';

/** The same line is not said again within this time. */
const QUIET_MS = 30_000;

/** A reporter for what may repeat itself (something that ends again and again for the same reason). */
export function quietReporter(reporter: Reporter, now: () => number = Date.now): Reporter {
  const said = new Map<string, number>();
  const once = (say: (text: string) => void) => (text: string) => {
    const last = said.get(text);
    if (last !== undefined && now() - last < QUIET_MS) return;
    for (const [old, at] of said) if (now() - at >= QUIET_MS) said.delete(old);
    said.set(text, now());
    say(text);
  };
  return {
    info: once((text) => reporter.info(text)),
    warn: once((text) => reporter.warn(text)),
    error: once((text) => reporter.error(text)),
  };
}
