const quantum = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads base64 that comes in chunks of any size, each message padded by itself (PROTOCOL-WEB, "text format"). */
export class Base64Reader {
  /** Characters of a quantum that is not complete; fewer than four. */
  #rest = '';

  /** The bytes of all complete quanta; undefined: not base64. */
  take(chunk: Buffer): Buffer | undefined {
    const text = this.#rest + chunk.toString('latin1');
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    const parts: Buffer[] = [];
    for (let from = 0; from < whole; ) {
      const padding = text.indexOf('=', from);
      const to = padding < 0 || padding >= whole ? whole : padding - (padding % 4) + 4;
      const segment = text.slice(from, to);
      if (!quantum.test(segment)) return undefined;
      parts.push(Buffer.from(segment, 'base64'));
      from = to;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** False: it ends in the middle of a quantum. */
  get complete(): boolean {
    return this.#rest === '';
  }
}
