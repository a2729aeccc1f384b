import type { Socket } from 'node:net';
import type { TimerWheel } from '../../timers/wheel.ts';

export interface FirstBytesOptions<Finding> {
  readonly timers: TimerWheel;
  /** How long the client may take, at most; 0: for ever. */
  readonly timeoutMs: number;
  /** What `seen` says, and how much of it is used up by that. */
  readonly decide: (seen: Buffer) => { readonly finding: Finding; readonly used: number } | 'more';
  /** Asked once, when the time is over: how much longer a client that has said `seen` may take. */
  readonly extensionMs?: (seen: Buffer) => number;
  /** What a client that says `seen` and ends its sending has said. */
  readonly atEnd: (seen: Buffer) => Finding | 'gone';
}

/**
 * How it ended: with a finding, without one in time, or with the socket destroyed, because the client left or did
 * not end within the extension what it had begun.
 */
export type FirstBytesOutcome<Finding> = Finding | 'timeout' | 'gone' | 'stalled';

const nothing = Buffer.alloc(0);

/**
 * Looks at the first bytes of `socket` and puts back what is not used up, so that whoever reads next reads on from
 * there. Calls `done` once; until then nobody else may read.
 */
export function readFirstBytes<Finding>(
  socket: Socket,
  options: FirstBytesOptions<Finding>,
  done: (outcome: FirstBytesOutcome<Finding>) => void,
): void {
  const { timers, timeoutMs, decide, extensionMs, atEnd } = options;
  let seen: Buffer = nothing;
  let extended = false;
  let over = false;
  const finish = (outcome: FirstBytesOutcome<Finding>): void => {
    over = true;
    timer.stop();
    socket.off('readable', onReadable);
    socket.off('end', onGone);
    socket.off('close', onGone);
    socket.off('error', onGone);
    if (outcome === 'gone' || outcome === 'stalled') socket.destroy();
    done(outcome);
  };
  const onReadable = (): void => {
    if (socket.readableLength > seen.length) {
      // Without a length Node 26 gives one chunk at a time.
      seen = socket.read(socket.readableLength) as Buffer;
      const result = decide(seen);
      const used = result === 'more' ? 0 : result.used;
      // At once: a socket whose bytes are all read and that has ended can't take any back.
      if (seen.length > used) socket.unshift(seen.subarray(used));
      if (result !== 'more') {
        finish(result.finding);
        return;
      }
    }
    if (hasEnded(socket)) finish(seen.length === 0 ? 'gone' : atEnd(seen));
  };
  const onGone = (): void => finish('gone');
  const timer = timers.timer(() => {
    // Where this process was late itself, the bytes may be there: they are read before this runs.
    setImmediate(() => {
      if (over) return;
      const more = seen.length === 0 ? 0 : (extensionMs?.(seen) ?? 0);
      if (extended) finish('stalled');
      else if (more === 0) finish('timeout');
      else {
        extended = true;
        timer.start(more);
      }
    });
  });
  socket.on('readable', onReadable);
  // One that was read into a shared buffer (`shared-reads.ts`) takes itself for reading still, and would not begin again.
  socket.read(0);
  socket.on('end', onGone);
  socket.on('close', onGone);
  socket.on('error', onGone);
  // A timer of the wheel may be a tick late; this one is early instead.
  if (timeoutMs > 0) timer.start(timeoutMs - timers.tickMs);
}

/** The peer has ended its sending, though not all that it sent is read; Node has no public name for it. */
function hasEnded(socket: Socket): boolean {
  return (socket as Socket & { readonly _readableState: { readonly ended: boolean } })._readableState.ended;
}
