import type { Clock } from '@tulle/xds/clock';
import type { FetchedBook } from '../fetched/fetched-book.ts';
import { type BookSetting, startBook } from '../fetched/start-book.ts';
import type { KeySource } from '../model/security/request-authentication.ts';
import { fetchKeys } from './fetch-keys.ts';

/** Istio's: keys are asked for again after so long. */
const refreshMs = 20 * 60_000;

/** Key sets by their URL. */
export type KeyBook = FetchedBook<KeySource, string>;

export const startKeys = (
  options: BookSetting & { readonly clock: Clock; readonly onChange: (isNew: boolean) => void },
): KeyBook =>
  startBook<KeySource, string>('issuer-keys.json', {
    ...options,
    fetch: async (source, closing) => ({ value: await fetchKeys(source, closing), freshMs: refreshMs }),
    isSame: (a, b) => a === b,
  });

/** As the book wants them. */
export const byUrl = (sources: readonly KeySource[]): ReadonlyMap<string, KeySource> =>
  new Map(sources.map((source) => [source.url, source]));
