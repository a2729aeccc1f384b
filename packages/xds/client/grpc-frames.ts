/**
 * gRPC's length-prefixed messages: one byte of flags (0: not compressed), four bytes of length, the message
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
const head = 5;

/** Larger than any response of ours (2 MiB and one resource); a peer cannot make us hold more. */
const maxMessageBytes = 64 * 1024 * 1024;

class GrpcFrameError extends Error {}

export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(head + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, head);
  return frame;
}

/** Cuts a byte stream into messages, however it is split. */
export class GrpcFrames {
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Bytes of the frame under way, its head included; 0: its head is not complete. */
  #wanted = 0;
  readonly #limit: number;

  constructor(limit = maxMessageBytes) {
    this.#limit = limit;
  }

  /** @throws GrpcFrameError for a compressed or oversized message */
  push(chunk: Uint8Array, onMessage: (message: Uint8Array) => void): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      if (this.#wanted === 0) {
        if (this.#size < head) return;
        this.#wanted = head + this.#readHead();
      }
      if (this.#size < this.#wanted) return;
      const message = this.#take(this.#wanted).subarray(head);
      this.#wanted = 0;
      onMessage(message);
    }
  }

  #readHead(): number {
    const bytes = this.#joined();
    if (bytes[0] !== 0) throw new GrpcFrameError('compressed messages are not accepted');
    const length = bytes.readUInt32BE(1);
    if (length > this.#limit) throw new GrpcFrameError(`message of ${length} bytes is too large`);
    return length;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    const all =
      this.#chunks.length === 1 && first !== undefined
        ? Buffer.from(first.buffer, first.byteOffset, first.length)
        : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  /** A copy of the first `size` bytes, which leave the queue. */
  #take(size: number): Uint8Array {
    const all = this.#joined();
    this.#chunks = size === all.length ? [] : [all.subarray(size)];
    this.#size -= size;
    return Uint8Array.prototype.slice.call(all, 0, size);
  }
}
