import type { Clock } from '@tulle/xds/clock';
import type { Store } from '../store/store.ts';
import type { ServedKinds } from './served-kinds.ts';
import type { Resources } from './writer/resources.ts';

/** What every route needs. */
export interface ApiContext {
  readonly store: Store;
  readonly kinds: ServedKinds;
  readonly resources: Resources;
  readonly clock: Clock;
  readonly random: () => number;
  /** Between bookmarks of a watch, ms. */
  readonly bookmarkEvery: number;
  /** Ends each watch that is open. */
  readonly openWatches: Set<() => void>;
}
