import type { Socket } from 'node:net';
import type { TimerWheel } from '../../timers/wheel.ts';
import { type FirstBytesOutcome, readFirstBytes } from './first-bytes.ts';
import { beginsTls, type Inspection, sniff, uninspected } from './sniff.ts';

export interface InspectOptions {
  readonly tls: boolean;
  readonly http: boolean;
  /** How long the client's first bytes may take, at most; 0: for ever. */
  readonly timeoutMs: number;
  readonly timers: TimerWheel;
}

/**
 * A client that has begun TLS is no longer waiting for the server: its ClientHello may take as long as any
 * handshake, and what it began is never taken for plain text.
 */
const helloMs = 5_000;

export type InspectOutcome = FirstBytesOutcome<Inspection>;

/** Says from the first bytes of `socket`, which are put back, what it speaks. Calls `done` once. */
export function inspect(
  socket: Socket,
  options: InspectOptions,
  done: (outcome: InspectOutcome) => void,
): void {
  const { tls, http, timers, timeoutMs } = options;
  if (!tls && !http) {
    done(uninspected);
    return;
  }
  const begun = (seen: Buffer): boolean => tls && beginsTls(seen);
  readFirstBytes<Inspection>(
    socket,
    {
      timers,
      timeoutMs,
      decide: (seen) => {
        const finding = sniff(seen, options);
        return finding === 'more' ? finding : { finding, used: 0 };
      },
      extensionMs: (seen) => (begun(seen) ? helloMs : 0),
      // A client that says little and ends: what it said may still be a whole conversation.
      atEnd: (seen) => (begun(seen) ? 'gone' : uninspected),
    },
    done,
  );
}
