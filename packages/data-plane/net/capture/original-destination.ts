import type { Socket } from 'node:net';
import { type Destination, readSocketAddress, socketAddressBytes } from './socket-address.ts';

/** Where an accepted connection was going. Undefined: nobody redirected it, or it is gone already. */
export type OriginalDestination = (socket: Socket) => Destination | undefined;

/** linux/netfilter_ipv4.h and netfilter_ipv6/ip6_tables.h: SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST, both 80. */
const ORIGINAL_DST = 80;
const SOL_IP = 0;
const SOL_IPV6 = 41;

/**
 * Loads what reads original destinations: libc's getsockopt through Node's own foreign functions (2.2 MB once,
 * 2.4 µs per call), so only when a listener wants it.
 * @throws Error where this Node or this system has none
 */
export async function openOriginalDestination(): Promise<OriginalDestination> {
  if (process.platform !== 'linux') throw new Error('redirected connections exist on Linux only');
  const { dlopen } = await import('node:ffi').catch(() => {
    throw new Error(
      `redirected connections need a Node with node:ffi (26.1 or later), not ${process.version}`,
    );
  });
  const libc = dlopen(null, {
    getsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'pointer'], return: 'i32' },
  });
  const address = Buffer.alloc(socketAddressBytes);
  const length = Buffer.alloc(4);
  const lengthAsInt = new Int32Array(length.buffer, length.byteOffset, 1);
  return (socket) => {
    const fd = descriptorOf(socket);
    if (fd < 0) return undefined;
    const level = socket.localFamily === 'IPv6' && !isMapped(socket) ? SOL_IPV6 : SOL_IP;
    lengthAsInt[0] = socketAddressBytes;
    const outcome = libc.functions.getsockopt(fd, level, ORIGINAL_DST, address, length);
    return outcome === 0 ? readSocketAddress(address) : undefined;
  };
}

/** An IPv4 connection of a dual-stack listener is tracked as IPv4. */
const isMapped = (socket: Socket): boolean => socket.localAddress?.startsWith('::ffff:') === true;

/** Node keeps the descriptor in the socket's handle, which has no public name; -1 once it is closed. */
function descriptorOf(socket: Socket): number {
  return (socket as Socket & { readonly _handle?: { readonly fd?: number } | null })._handle?.fd ?? -1;
}
