import { chmodSync } from 'node:fs';
import * as net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { isSocketPath } from '@tulle/decision/authority';
import type { SocketHandle, SocketRequest } from '../net/socket-source.ts';
import { systemPath } from '../net/unix-socket.ts';
import type { SocketError, WorkerId } from './protocol.ts';

type CreateHandle = (
  address: string,
  port: number,
  /** -1: `address` is a path. */
  family: 4 | 6 | -1,
  fd: undefined,
  flags: number,
) => SocketHandle | number;

/** libuv's UV_TCP_IPV6ONLY. */
const ipv6OnlyFlag = 1;

/**
 * A handle that is bound and listens nowhere, as node:cluster makes them: a `BoundSocket` can be given away but
 * once, and a `Server` would accept here.
 */
const createHandle = (net as unknown as { readonly _createServerHandle: CreateHandle })._createServerHandle;

interface Held {
  readonly handle: SocketHandle;
  readonly holders: Set<WorkerId>;
  readonly exclusive: boolean;
  readonly queue: { readonly worker: WorkerId; give(handle: SocketHandle): void }[];
}

/**
 * The listening sockets of a proxy. They outlive workers: connections that come while one is being restarted wait
 * in the queue of the socket, and a successor finds them there.
 */
export class ListeningSockets {
  readonly #held = new Map<string, Held>();

  /** Calls back once: at once, or when an exclusive socket is let go. */
  bind(
    worker: WorkerId,
    request: SocketRequest,
    onBound: (outcome: SocketHandle | SocketError) => void,
  ): void {
    const { key, exclusive } = request;
    const known = this.#held.get(key);
    if (known === undefined) {
      const handle = bind(request);
      if ('close' in handle)
        this.#held.set(key, { handle, holders: new Set([worker]), exclusive, queue: [] });
      onBound(handle);
    } else if (known.exclusive && known.holders.size > 0) known.queue.push({ worker, give: onBound });
    else {
      known.holders.add(worker);
      onBound(known.handle);
    }
  }

  /** A worker listens there no more. The last to leave closes it. */
  release(worker: WorkerId, key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    held.holders.delete(worker);
    if (!this.#next(held) && held.holders.size === 0) this.#close(key, held);
  }

  /** A worker is gone; what it listened on stays open for the next. */
  ended(worker: WorkerId): void {
    for (const held of this.#held.values()) {
      const at = held.queue.findIndex((waiting) => waiting.worker === worker);
      if (at >= 0) held.queue.splice(at, 1);
      held.holders.delete(worker);
      this.#next(held);
    }
  }

  /** Closes what nobody listens on: connections are refused there instead of waiting in vain. */
  closeUnheld(): void {
    for (const [key, held] of [...this.#held]) if (held.holders.size === 0) this.#close(key, held);
  }

  close(): void {
    for (const [key, held] of [...this.#held]) this.#close(key, held);
  }

  /** The next in line for an exclusive socket. */
  #next(held: Held): boolean {
    if (held.holders.size > 0) return false;
    const next = held.queue.shift();
    if (next === undefined) return false;
    held.holders.add(next.worker);
    next.give(held.handle);
    return true;
  }

  #close(key: string, { handle }: Held): void {
    this.#held.delete(key);
    handle.close();
  }
}

function bind(request: SocketRequest): SocketHandle | SocketError {
  const { address, port, ipv6Only, socketMode } = request;
  if (isSocketPath(address)) return bindPath(address, socketMode);
  const flags = ipv6Only ? ipv6OnlyFlag : 0;
  const made = createHandle(address, port, address.includes(':') ? 6 : 4, undefined, flags);
  const where = `${address}:${port}`;
  if (typeof made === 'number') return socketError(made, where);
  // libuv tells of an address in use only at the next call.
  const error = (made as SocketHandle & { getsockname(out: object): number }).getsockname({});
  if (error === 0) return made;
  made.close();
  return socketError(error, where);
}

function bindPath(path: string, mode: number): SocketHandle | SocketError {
  const made = createHandle(systemPath(path), -1, -1, undefined, 0);
  if (typeof made === 'number') return socketError(made, path);
  if (mode > 0 && !path.startsWith('@')) chmodSync(path, mode);
  return made;
}

function socketError(errno: number, where: string): SocketError {
  const code = getSystemErrorName(errno);
  return { code, message: `bind ${code} ${where}` };
}
