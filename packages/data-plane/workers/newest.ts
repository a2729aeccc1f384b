import type { RawResources } from '../config/last-good.ts';
import type { Configuration } from '../config/subscription.ts';
import type { TimerWheel } from '../timers/wheel.ts';
import type { ParentLink } from './parent-link.ts';

/** One that does not answer by then is not waited for: there is a file. */
const answerMs = 500;

/** What a worker knows, for those who ask. */
export class Newest {
  #configuration: Configuration | undefined = undefined;

  constructor(parent: ParentLink) {
    parent.onTold((message, from) => {
      if (message.kind === 'newest?' && this.#configuration !== undefined)
        parent.tell(from, { kind: 'newest', resources: this.#configuration.resources() });
    });
  }

  /** From here on this one is told of; an earlier one is over. */
  tell(configuration: Configuration): void {
    this.#configuration = configuration;
  }
}

/**
 * The configuration of a worker that serves already, of whatever generation: newer than what is on disk, so that
 * who joins or succeeds it never serves what is over. Undefined: there is none, or it says nothing.
 */
export async function askNewest(parent: ParentLink, wheel: TimerWheel): Promise<RawResources | undefined> {
  await parent.attached;
  const [oldest] = parent.others;
  if (oldest === undefined) return undefined;
  return new Promise((resolve) => {
    const late = wheel.timer(() => resolve(undefined));
    late.start(answerMs);
    parent.onTold((message) => {
      if (message.kind !== 'newest') return;
      late.stop();
      resolve(message.resources.listener.length > 0 ? message.resources : undefined);
    });
    parent.tell(oldest, { kind: 'newest?' });
  });
}
