import type { Socket } from 'node:net';

/** The accepted or opened socket below TLS, else `socket` itself; Node has no public name for it. */
export function rawOf(socket: Socket): Socket {
  return (socket as Socket & { readonly _parent?: Socket })._parent ?? socket;
}
