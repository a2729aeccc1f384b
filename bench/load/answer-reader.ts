/**
 * Finds the end of each HTTP/1.1 answer on a connection, for load generators: a head, and as many bytes as its
 * Content-Length says. Answers of any other framing are errors here.
 */
export class AnswerReader {
  readonly #onAnswer: (status: number) => void;
  #head = '';
  #left = 0;
  #status = 0;

  constructor(onAnswer: (status: number) => void) {
    this.#onAnswer = onAnswer;
  }

  /** @throws Error for an answer without Content-Length */
  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        at += taken;
        this.#left -= taken;
        if (this.#left === 0) this.#onAnswer(this.#status);
        continue;
      }
      const end = chunk.indexOf('\r\n\r\n', at, 'latin1');
      const known = this.#head;
      this.#head = known + chunk.toString('latin1', at, end < 0 ? chunk.length : end + 4);
      // The end may lie across two reads.
      const cut = this.#head.indexOf('\r\n\r\n');
      if (cut < 0) return;
      at += cut + 4 - known.length;
      this.#begin(this.#head.slice(0, cut));
      this.#head = '';
      if (this.#left === 0) this.#onAnswer(this.#status);
    }
  }

  #begin(head: string): void {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
    this.#left = Number(length);
    this.#status = Number(head.slice(9, 12));
  }
}
