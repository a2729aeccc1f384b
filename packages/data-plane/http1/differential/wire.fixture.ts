import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Outbox, Outboxes } from '../../net/outbox.ts';

/**
 * For tests that read millions of messages: a socket whose bytes come at once, within `deliver`, and an outbox
 * that only remembers text. No streams, no turns of the event loop.
 */
export class Wire extends EventEmitter {
  destroyed = false;
  writable = true;
  /** Heads that the codec wrote, one after the other. */
  text = '';

  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** What the codecs use of an outbox. */
  get outboxes(): Outboxes {
    const outbox = {
      written: 0,
      pending: 0,
      write: (): boolean => {
        outbox.written++;
        return true;
      },
      writeLatin1: (text: string): boolean => {
        outbox.written++;
        this.text += text;
        return true;
      },
      ready: (): boolean => true,
      flush: (): void => {},
      end: (): void => {},
    };
    return { open: () => outbox as unknown as Outbox } as unknown as Outboxes;
  }

  deliver(bytes: Buffer): void {
    if (!this.destroyed) this.emit('data', bytes);
  }

  deliverEnd(): void {
    if (!this.destroyed) this.emit('end');
  }

  pause(): void {}

  resume(): void {}

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.writable = false;
    this.emit('close');
  }
}
