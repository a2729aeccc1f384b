import { clientPreface } from '@tulle/data-plane/http2/frames/frame';
import { FrameNarrator, settings } from '@tulle/data-plane/http2/testing/frames';
import { RawClient } from './raw-client.ts';

/** An HTTP/2 client that says exactly the frames it is told and puts what it hears in words. */
export class FrameClient {
  readonly raw: RawClient;
  /** As `FrameNarrator` tells them. */
  readonly heard: string[] = [];
  readonly #narrator = new FrameNarrator();
  #rest: Buffer = Buffer.alloc(0);

  private constructor(raw: RawClient) {
    this.raw = raw;
    raw.socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** With the preface and SETTINGS sent, then `frames`. */
  static async open(port: number, ...frames: readonly Buffer[]): Promise<FrameClient> {
    const client = new FrameClient(await RawClient.open(port));
    client.send(clientPreface, settings(), ...frames);
    return client;
  }

  send(...frames: readonly Buffer[]): void {
    this.raw.send(Buffer.concat(frames));
  }

  /** Resolves when a frame was heard that starts so, or the connection is over. */
  async until(start: string): Promise<string | undefined> {
    const found = (): string | undefined => this.heard.find((line) => line.startsWith(start));
    await this.raw.until(() => found() !== undefined);
    return found();
  }

  #take(chunk: Buffer): void {
    this.raw.forget();
    const bytes = Buffer.concat([this.#rest, chunk]);
    let whole = 0;
    while (whole + 9 <= bytes.length) {
      const next = whole + 9 + bytes.readUIntBE(whole, 3);
      if (next > bytes.length) break;
      whole = next;
    }
    this.heard.push(...this.#narrator.tell(bytes.subarray(0, whole)));
    this.#rest = Buffer.from(bytes.subarray(whole));
  }
}
