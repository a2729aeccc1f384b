import type { Socket } from 'node:net';
import { addressesOf, declareAddresses } from '../net/addresses.ts';
import { type OriginalDestination, openOriginalDestination } from '../net/capture/original-destination.ts';
import type { ActiveListener } from './active-listener.ts';

/** Listeners by the address that they serve; of wildcards `0.0.0.0 80`. */
export type ListenersByAddress = (address: string, port: number) => ActiveListener | undefined;

/**
 * Connections that were redirected to a listener of ours: where they were going, and who serves that. Shared by
 * the listeners of a proxy; loads what asks the kernel when the first of them is bound.
 */
export class Redirections {
  readonly #find: ListenersByAddress;
  readonly #open: () => Promise<OriginalDestination>;
  #loading: Promise<void> | undefined;
  #destinationOf: OriginalDestination = () => undefined;

  constructor(find: ListenersByAddress, open = openOriginalDestination) {
    this.#find = find;
    this.#open = open;
  }

  /** @throws Error where the kernel can't be asked */
  load(): Promise<void> {
    this.#loading ??= this.#open().then((destinationOf) => {
      this.#destinationOf = destinationOf;
    });
    return this.#loading;
  }

  /**
   * The listener that serves an accepted connection, which from here on counts as one to where it was going.
   * Undefined: it was going to the listener itself, and would come back for ever.
   */
  receive(socket: Socket, listener: ActiveListener): ActiveListener | undefined {
    const accepted = addressesOf(socket, listener.config);
    const destination = this.#destinationOf(socket);
    if (
      destination === undefined ||
      (destination.port === accepted.localPort && destination.address === accepted.localAddress)
    )
      return undefined;
    const { address, port } = destination;
    declareAddresses(socket, { ...accepted, localAddress: address, localPort: port });
    if (listener.config.originalDestination === 'restore') return listener;
    const anywhere = address.includes(':') ? '::' : '0.0.0.0';
    const other = this.#find(address, port) ?? this.#find(anywhere, port);
    return other ?? listener;
  }
}
