/** Bytes before each message: a flag and four of length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const prefixBytes = 5;

/** Counts length-prefixed messages in a body that comes in chunks of any size. */
export class MessageCounter {
  /** Messages begun: their prefix is complete. */
  messages = 0;
  #prefixLeft = prefixBytes;
  #length = 0;
  #bodyLeft = 0;

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
        continue;
      }
      // The flag is shifted out: four bytes of length remain.
      this.#length = ((this.#length << 8) | (chunk[at++] as number)) >>> 0;
      if (--this.#prefixLeft > 0) continue;
      this.messages++;
      this.#bodyLeft = this.#length;
      this.#prefixLeft = prefixBytes;
      this.#length = 0;
    }
  }
}
