import type { Socket } from 'node:net';
import { rawOf } from './raw-socket.ts';

/** Who talks to whom on an accepted connection. Of a Unix socket the address is its path, the port 0. */
export interface ConnectionAddresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

const declared = new WeakMap<Socket, ConnectionAddresses>();

/** From here on the connection counts as one between these: what a PROXY header says of it. */
export function declareAddresses(socket: Socket, addresses: ConnectionAddresses): void {
  declared.set(rawOf(socket), addresses);
}

/**
 * What was declared of the connection, TLS or not, else what the system says.
 *
 * @param bound where it was accepted: for Unix sockets, which know no addresses
 */
export function addressesOf(
  socket: Socket,
  bound: { readonly address: string; readonly port: number },
): ConnectionAddresses {
  // It remembers what the system has said; TLS would ask again.
  const raw = rawOf(socket);
  const known = declared.get(raw);
  if (known !== undefined) return known;
  return {
    remoteAddress: plainAddress(raw.remoteAddress ?? ''),
    remotePort: raw.remotePort ?? 0,
    localAddress: plainAddress(raw.localAddress ?? bound.address),
    localPort: raw.localPort ?? bound.port,
  };
}

/** An IPv4 client of a dual-stack socket is an IPv4 client (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
