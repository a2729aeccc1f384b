import type { Clock, Timer } from '@tulle/xds/clock';
import { type Store, StoreError } from '../../store/store.ts';

/** How long an Event is kept after it last occurred, as Kubernetes' default. */
const lifetime = 60 * 60_000;
const interval = 5 * 60_000;

/** Deletes old Events from time to time: they tell what happened lately, and nobody else deletes them. */
export function startEventExpiry(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}): { close(): void } {
  const { store, clock, onError } = options;
  let closed = false;
  let timer: Timer;
  const schedule = (): void => {
    timer = clock.after(interval, () => {
      void sweep(store, clock.now() - lifetime)
        .catch(onError)
        .finally(() => {
          if (!closed) schedule();
        });
    });
  };
  schedule();
  return {
    close: () => {
      closed = true;
      timer.cancel();
    },
  };
}

/** Deletes the Events that last occurred before `horizon` (ms since the epoch). */
export async function sweep(store: Store, horizon: number): Promise<void> {
  const events = { group: '', plural: 'events' };
  const { items } = await store.list(events);
  const old = items.filter(({ metadata, lastTimestamp, eventTime }) => {
    const last = lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
    return Date.parse(String(last)) < horizon;
  });
  await Promise.all(
    old.map(async ({ metadata: { name, namespace = '', resourceVersion = '' } }) => {
      try {
        await store.delete({ ...events, namespace, name }, resourceVersion);
      } catch (error) {
        // Gone, or it occurred again.
        if (!(error instanceof StoreError) || error.code === 'unavailable') throw error;
      }
    }),
  );
}
