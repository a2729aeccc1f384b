import { createHash } from 'node:crypto';

/** How many requests of a kind there may be in each window. */
export interface Quota {
  /** Whose count it is: domain, limit and values. */
  readonly key: string;
  /** Of the limit, for clients. */
  readonly name: string;
  readonly requests: number;
  readonly windowSeconds: number;
}

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** The entry that carries a limit's quota: `<requests>/<seconds>`, then named values that have others. */
const quotaKey = 'quota';
/** What is longer is counted under its digest: callers say it, and counts are kept by it. */
const longestPart = 512;

/**
 * What a descriptor is counted by; undefined: it carries no quota, so it has no limit here (as in lyft's service).
 *
 * `quota` is `100/60` or `100/60 [["=jason"],1000] …`: JSON of the values and their requests, separated by tabs.
 */
export function quotaOf(domain: string, entries: readonly DescriptorEntry[]): Quota | undefined {
  const written = entries.find(({ key }) => key === quotaKey)?.value;
  if (written === undefined) return undefined;
  const [plain = '', ...overrides] = written.split('\t');
  const parsed = /^(\d{1,10})\/(\d{1,9})$/.exec(plain);
  if (parsed === null) return undefined;
  const limit = entries[0]?.value ?? '';
  const values = entries.slice(1).filter(({ key }) => key !== quotaKey);
  const windowSeconds = Math.max(1, Number(parsed[2]));
  const text = JSON.stringify(values.map(({ value }) => value));
  const own = overrides.map((one) => /^(.*) (\d{1,10})$/.exec(one)).find((one) => one?.[1] === text);
  return {
    key: [short(domain), short(limit), String(windowSeconds), short(text)].join('\0'),
    name: limit.slice(limit.lastIndexOf('/') + 1),
    requests: Number(own?.[2] ?? parsed[1]),
    windowSeconds,
  };
}

const short = (text: string): string =>
  text.length <= longestPart ? text : createHash('sha256').update(text).digest('base64url');
