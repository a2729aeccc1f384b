import type { Clock } from '@tulle/xds/clock';
import type { FetchedBook } from '../fetched/fetched-book.ts';
import { type BookSetting, startBook } from '../fetched/start-book.ts';
import { type NameServers, resolveName, systemNames } from './resolve-name.ts';

/** Addresses by name. */
export type NameBook = FetchedBook<string, readonly string[]>;

export const startNames = ({
  nameServers = systemNames(),
  ...options
}: BookSetting & {
  readonly clock: Clock;
  readonly onChange: (isNew: boolean) => void;
  /** Default: those of this machine. */
  readonly nameServers?: NameServers | undefined;
}): NameBook =>
  startBook<string, readonly string[]>('gateway-names.json', {
    ...options,
    fetch: (name, closing) => resolveName(name, nameServers, closing),
    isSame: (a, b) => a.length === b.length && a.every((address, index) => address === b[index]),
  });
