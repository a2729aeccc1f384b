import type { Socket } from 'node:net';

/**
 * One read buffer for all sockets. Left alone, Node allocates 64 KiB for each read of each socket and makes an
 * ArrayBuffer of what came. Parsing is synchronous and what must outlive the call is copied, so one buffer
 * serves all (docs/performance.md has what it saves).
 *
 * `net.connect({ onread })` gives that only to sockets that we open, and only from their start. What the option
 * does inside is done here to any socket, at any time: a Node that no longer works so gets plain 'data' events.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** Views of the first `n` bytes, kept: the same sizes come again and again. */
const views: Buffer[] = new Array(1024).fill(shared.subarray(0, 0));

function view(length: number): Buffer {
  const place = length & (views.length - 1);
  const known = views[place] as Buffer;
  if (known.length === length) return known;
  const made = shared.subarray(0, length);
  views[place] = made;
  return made;
}

interface Slots {
  readonly buffer: symbol;
  readonly callback: symbol;
}
type WithSlots = Record<symbol, unknown>;

let slots: Slots | undefined;

/** The properties in which a Socket keeps its `onread`; undefined: this Node has none of these names. */
function slotsOf(socket: Socket): Slots | undefined {
  if (slots !== undefined && slots.buffer in socket) return slots;
  const own = Object.getOwnPropertySymbols(socket);
  const buffer = own.find(({ description }) => description === 'kBuffer');
  const callback = own.find(({ description }) => description === 'kBufferCb');
  slots = buffer === undefined || callback === undefined ? undefined : { buffer, callback };
  return slots;
}

interface ReadingHandle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/**
 * Reads from `socket`: each chunk is valid during the call only. `pause`, `resume`, 'end', 'error' and 'close'
 * are the socket's own; what it holds already comes first.
 */
export function readShared(socket: Socket, onBytes: (chunk: Buffer) => void): void {
  const found = slotsOf(socket);
  const handle = (socket as unknown as { readonly _handle?: ReadingHandle | null })._handle;
  if (found !== undefined && typeof handle?.useUserBuffer === 'function') {
    const fields = socket as unknown as WithSlots;
    if (fields[found.buffer] !== shared) {
      handle.useUserBuffer(shared);
      fields[found.buffer] = shared;
    }
    fields[found.callback] = (length: number): boolean => {
      onBytes(view(length));
      return true;
    };
  }
  // What was put back, and all there is where reads can't be shared.
  socket.on('data', onBytes);
}

/** Before a socket is handed on: from here what it reads are copies of its own, by 'data' or `read`. */
export function readAlone(socket: Socket, onBytes: (chunk: Buffer) => void): void {
  socket.off('data', onBytes);
  const fields = socket as unknown as WithSlots;
  if (slots === undefined || fields[slots.buffer] !== shared) return;
  fields[slots.callback] = (length: number): boolean => socket.push(Buffer.from(view(length)));
}
