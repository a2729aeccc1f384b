import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP client that says exactly what it is told and keeps all that it hears. */
export class RawClient {
  readonly socket: Socket;
  /** The proxy has ended its sending, or the connection is gone. */
  readonly ended: Promise<void>;
  /** How it ended: in order, by a reset, or not yet. */
  outcome: 'open' | 'end' | 'reset' = 'open';
  #heard: Buffer[] = [];
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      const finish = (outcome: 'end' | 'reset'): void => {
        if (this.outcome === 'open') this.outcome = outcome;
        resolve();
        this.#wake();
      };
      socket.on('end', () => finish('end'));
      socket.on('error', () => finish('reset'));
      socket.on('close', () => finish('reset'));
    });
    socket.on('data', (chunk: Buffer) => {
      this.#heard.push(chunk);
      // Others who listen to the socket come first.
      queueMicrotask(() => this.#wake());
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Bytes as latin1. */
  send(bytes: string | Buffer): void {
    if (!this.socket.destroyed)
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#heard);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  /** Resolves when `done` holds of what was heard, or the connection is over. */
  async until(done: (text: string) => boolean): Promise<string> {
    while (!done(this.text) && this.outcome === 'open')
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  /** Forgets what was heard, for floods of answers. */
  forget(): void {
    this.#heard = [];
  }

  /** Resolves when the connection is gone at both ends. */
  async close(): Promise<void> {
    if (this.socket.destroyed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** `STATUS body` of each response in `text`, each framed by Content-Length or chunks; `rest` is what is no whole response. */
export function answersIn(text: string): { readonly answers: string[]; readonly rest: string } {
  const answers: string[] = [];
  let rest = text;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) return { answers, rest };
    const head = rest.slice(0, headEnd);
    const status = head.slice(9, 12);
    let after = rest.slice(headEnd + 4);
    let body = '';
    if (/^transfer-encoding: chunked$/im.test(head)) {
      const end = chunksEnd(after);
      if (end < 0) return { answers, rest };
      body = unchunked(after.slice(0, end));
      after = after.slice(end);
    } else {
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      if (after.length < length) return { answers, rest };
      body = after.slice(0, length);
      after = after.slice(length);
    }
    answers.push(`${status} ${body}`.trim());
    rest = after;
  }
}

/** The index after the last chunk of a body without trailers; -1: it is not there. */
function chunksEnd(text: string): number {
  for (let at = 0; ; ) {
    const line = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 20));
    if (line === null) return -1;
    const next = at + line[0].length + Number.parseInt(line[1] as string, 16) + 2;
    if (next > text.length) return -1;
    if (line[1] === '0') return next;
    at = next;
  }
}

function unchunked(text: string): string {
  let body = '';
  for (let at = 0; at < text.length; ) {
    const size = Number.parseInt(text.slice(at), 16);
    const from = text.indexOf('\n', at) + 1;
    body += text.slice(from, from + size);
    at = from + size + 2;
  }
  return body;
}
