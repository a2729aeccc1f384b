import type { Socket } from 'node:net';
import type { StreamInfo } from '../http/stream-info.ts';
import { cut } from '../net/cut.ts';
import type { Outboxes } from '../net/outbox.ts';
import { readShared } from '../net/shared-reads.ts';
import type { TimerWheel } from '../timers/wheel.ts';

/** Counts the bytes of a connection, as they flow. */
export interface TcpRecording {
  /** Bytes to the client, as they flow. */
  sent(bytes: number): void;
  /** Bytes from the client. */
  received(bytes: number): void;
  close(): void;
}

export interface RelayOptions {
  readonly wheel: TimerWheel;
  readonly outboxes: Outboxes;
  /** 0: none. */
  readonly idleTimeoutMs: number;
  /** Counts bytes: of the request what downstream sent, of the response what upstream sent. */
  readonly info: StreamInfo;
  readonly recording: TcpRecording | undefined;
  /** Both sides are closed. Once. */
  onEnd(): void;
}

/** Bytes both ways until both sides are closed. A side that ends its sending is ended on the other side. */
export function relay(downstream: Socket, upstream: Socket, options: RelayOptions): void {
  const { info, wheel, outboxes, idleTimeoutMs, recording } = options;
  let lastActivity = wheel.now();
  let open = 2;

  const destroy = (): void => {
    downstream.destroy();
    upstream.destroy();
  };
  const timer = wheel.timer(() => {
    const left = lastActivity + idleTimeoutMs - wheel.now();
    if (left > 0) timer.start(left);
    else destroy();
  });
  if (idleTimeoutMs > 0) timer.start(idleTimeoutMs);

  const pipe = (from: Socket, to: Socket, count: (bytes: number) => void): void => {
    // Read into one buffer, written from a few: no allocation of 64 KiB per read and side.
    const outbox = outboxes.open(to, () => from.resume());
    readShared(from, (chunk) => {
      lastActivity = wheel.now();
      count(chunk.length);
      if (to.destroyed || !outbox.write(chunk)) from.pause();
    });
    from.on('end', () => outbox.end());
    // As Envoy: a reset is passed on, else the other side would take what it has for all.
    from.on('error', () => cut(to));
    from.once('close', () => {
      // Its last bytes may still be on their way out at the other side, if it ended in order.
      if (!from.readableEnded) {
        outbox.flush();
        to.destroy();
      }
      if (--open > 0) return;
      timer.stop();
      options.onEnd();
    });
  };
  pipe(downstream, upstream, (bytes) => {
    info.requestBytes += bytes;
    recording?.received(bytes);
  });
  pipe(upstream, downstream, (bytes) => {
    info.responseBytes += bytes;
    recording?.sent(bytes);
  });
  if (downstream.destroyed || upstream.destroyed) destroy();
  downstream.resume();
  upstream.resume();
}
