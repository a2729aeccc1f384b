import type { Engine } from './engine.ts';

export interface DrainOptions {
  /** How long what is open may take, in milliseconds. */
  readonly limitMs: number;
  /**
   * New connections are accepted until none has come for so long: callers learn at different times that this
   * endpoint is going, late ones on a busy machine.
   */
  readonly graceMs: number;
}

/**
 * Ends a proxy's traffic without failing a request:
 * Serving ─▶ Announcing (accepts; responses say close) ─▶ Draining (accepts no more) ─▶ Over (limit, or all gone).
 * Announcing ends at half of the limit at the latest, so that what came last has time to finish.
 */
export async function drain(engine: Engine, options: DrainOptions): Promise<void> {
  const { graceMs, limitMs } = options;
  engine.startDraining();
  let announcedMs = 0;
  for (let accepted = -1; accepted !== engine.listeners.acceptedInbound && announcedMs < limitMs / 2; ) {
    accepted = engine.listeners.acceptedInbound;
    const ms = Math.min(graceMs, limitMs - announcedMs);
    await wait(engine, ms);
    announcedMs += ms;
  }
  const ended = engine.listeners.stopAccepting();
  engine.listeners.drainConnections();
  await Promise.race([ended, wait(engine, limitMs - announcedMs)]);
  engine.destroy();
}

export interface HandOverOptions {
  /** How long what is open may take, in milliseconds. */
  readonly limitMs: number;
  /** Clients that send nothing for so long are let go; others go with their next response. */
  readonly idleMs: number;
}

/**
 * Leaves a proxy's traffic to its successor, which listens on the same sockets: nothing new is accepted here, what
 * is open goes on until it ends: Serving ─▶ Leaving (responses say close) ─▶ Idle ones go ─▶ Over.
 */
export async function handOver(engine: Engine, { limitMs, idleMs }: HandOverOptions): Promise<void> {
  engine.startDraining();
  const ended = engine.listeners.stopAccepting();
  // Its names are of a configuration that no longer changes.
  engine.dns.close();
  const idle = engine.wheel.timer(() => engine.listeners.drainConnections());
  idle.start(idleMs);
  await Promise.race([ended, wait(engine, limitMs)]);
  idle.stop();
  engine.destroy();
}

function wait(engine: Engine, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) resolve();
    else engine.wheel.timer(resolve).start(ms);
  });
}
