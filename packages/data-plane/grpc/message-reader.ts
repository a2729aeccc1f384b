/**
 * gRPC's length-prefixed messages: one byte of flags (0: not compressed), four bytes of length, the message
 * (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
const headBytes = 5;

/** Larger than any response of ours (2 MiB and one resource); a peer cannot make us hold more. */
const maxMessageBytes = 64 * 1024 * 1024;

class GrpcMessageError extends Error {}

/** A message as it goes on the wire. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, headBytes);
  return frame;
}

/** Cuts a byte stream into messages, however it is split. Chunks need not outlive the call; messages do. */
export class MessageReader {
  readonly #head = Buffer.alloc(headBytes);
  /** What is being filled: the head, or the message that it told of. */
  #into: Buffer = this.#head;
  #filled = 0;
  readonly #limit: number;

  constructor(limit = maxMessageBytes) {
    this.#limit = limit;
  }

  /** In the middle of a message. */
  get partial(): boolean {
    return this.#into !== this.#head || this.#filled > 0;
  }

  /** @throws GrpcMessageError for a compressed or oversized message */
  push(chunk: Buffer, onMessage: (message: Uint8Array) => void): void {
    let at = 0;
    do {
      const length = Math.min(this.#into.length - this.#filled, chunk.length - at);
      chunk.copy(this.#into, this.#filled, at, at + length);
      this.#filled += length;
      at += length;
      if (this.#filled < this.#into.length) return;
      this.#filled = 0;
      if (this.#into === this.#head) this.#into = this.#room();
      else {
        const message = this.#into;
        this.#into = this.#head;
        onMessage(message);
      }
      // A message of no bytes is complete with its head.
    } while (at < chunk.length || this.#into.length === 0);
  }

  /** A place for the message; what is not written yet takes no memory. */
  #room(): Buffer {
    if (this.#head[0] !== 0) throw new GrpcMessageError('compressed messages are not accepted');
    const length = this.#head.readUInt32BE(1);
    if (length > this.#limit) throw new GrpcMessageError(`message of ${length} bytes is too large`);
    return Buffer.allocUnsafeSlow(length);
  }
}
