import type { Socket } from 'node:net';
import type { StreamInfo } from '../http/stream-info.ts';
import type { ConnectionPacers } from '../limits/connection-pacers.ts';
import { ReadPace } from '../limits/read-pace.ts';
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
  /** Whom bytes wait for. */
  readonly pacers: readonly ConnectionPacers[];
  /** Both sides are closed. Once. */
  onEnd(): void;
}

/** Bytes both ways until both sides are closed. A side that ends its sending is ended on the other side. */
export function relay(downstream: Socket, upstream: Socket, options: RelayOptions): void {
  const { info, wheel, outboxes, idleTimeoutMs, recording, pacers } = options;
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

  const pipe = (
    from: Socket,
    to: Socket,
    way: keyof ConnectionPacers,
    count: (bytes: number) => void,
  ): void => {
    const pace = new ReadPace(
      pacers.flatMap((one) => one[way] ?? []),
      from,
    );
    // Read into one buffer, written from a few: no allocation of 64 KiB per read and side.
    const outbox = outboxes.open(to, () => pace.drained());
    readShared(from, (chunk) => {
      lastActivity = wheel.now();
      count(chunk.length);
      if (to.destroyed || !outbox.write(chunk)) pace.full();
      pace.read(chunk.length);
    });
    from.on('end', () => outbox.end());
    // As Envoy: a reset is passed on, else the other side would take what it has for all.
    from.on('error', () => cut(to));
    from.once('close', () => {
      pace.close();
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
  pipe(downstream, upstream, 'request', (bytes) => {
    info.requestBytes += bytes;
    recording?.received(bytes);
  });
  pipe(upstream, downstream, 'response', (bytes) => {
    info.responseBytes += bytes;
    recording?.sent(bytes);
  });
  if (downstream.destroyed || upstream.destroyed) destroy();
  downstream.resume();
  upstream.resume();
}
