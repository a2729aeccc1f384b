import type { Socket } from 'node:net';
import type { TimerWheel } from '../timers/wheel.ts';
import { type Inspection, sniff, uninspected } from './sniff.ts';

export interface InspectOptions {
  readonly tls: boolean;
  readonly http: boolean;
  /** How long the client's first bytes may take; 0: for ever. */
  readonly timeoutMs: number;
  readonly timers: TimerWheel;
}

/** How an inspection ended: with a finding, without in time, or because the client left. */
export type InspectOutcome = Inspection | 'timeout' | 'gone';

/**
 * Looks at the first bytes of `socket` and puts them back, so that whoever reads next reads from the start.
 * Calls `done` once; until then nobody else may read.
 */
export function inspect(
  socket: Socket,
  options: InspectOptions,
  done: (outcome: InspectOutcome) => void,
): void {
  if (!options.tls && !options.http) {
    done(uninspected);
    return;
  }
  let seen: Buffer | undefined;
  const timer = options.timers.timer(() => finish('timeout'));
  const finish = (outcome: InspectOutcome): void => {
    timer.stop();
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('close', onGone);
    socket.off('error', onGone);
    if (outcome === 'gone') socket.destroy();
    else if (seen !== undefined) socket.unshift(seen);
    done(outcome);
  };
  const onReadable = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    }
    if (seen === undefined) return;
    const result = sniff(seen, options);
    if (result !== 'more') finish(result);
  };
  // A client that says little and ends: what it said may still be a whole conversation.
  const onEnd = (): void => finish(seen === undefined ? 'gone' : uninspected);
  const onGone = (): void => finish('gone');
  socket.on('readable', onReadable);
  socket.on('end', onEnd);
  socket.on('close', onGone);
  socket.on('error', onGone);
  if (options.timeoutMs > 0) timer.start(options.timeoutMs);
}
