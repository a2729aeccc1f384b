import type { Update } from '@tulle/xds/client/ads-client';
import type { Configuration, ConfigurationWatcher } from '../config/subscription.ts';
import type { ParentLink } from './parent-link.ts';
import type { WorkerId } from './protocol.ts';

/**
 * Hands the configuration on to those who follow. They get all of it when they ask and when this lead has come
 * to know it, then what changes.
 */
export class Lead implements ConfigurationWatcher {
  readonly #parent: ParentLink;
  #configuration: Configuration | undefined = undefined;

  constructor(parent: ParentLink) {
    this.#parent = parent;
    parent.onTold((message, from) => {
      if (message.kind === 'join' && parent.isOfUs(from)) this.#tellAll(from);
    });
  }

  /** From here on this one is handed on. */
  lead(configuration: Configuration): void {
    this.#configuration = configuration;
    // Those who followed an earlier lead may have what this one was never told to remove.
    void configuration.ready.then(() => this.#tellAll('others'));
  }

  onUpdate(update: Update): void {
    this.#parent.tell('others', { kind: 'update', update });
  }

  onStopWaiting(): void {
    this.#parent.tell('others', { kind: 'stop-waiting' });
  }

  /** A new SVID is stored. */
  identityChanged(): void {
    this.#parent.tell('others', { kind: 'identity' });
  }

  #tellAll(to: WorkerId | 'others'): void {
    const resources = this.#configuration?.resources();
    if (resources !== undefined) this.#parent.tell(to, { kind: 'configuration', resources });
  }
}
