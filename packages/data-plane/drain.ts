import type { Engine } from './engine.ts';

export interface DrainOptions {
  /** How long what is open may take, in milliseconds. */
  readonly limitMs: number;
  /**
   * How long new connections are still accepted: the control plane needs a moment to tell callers that this
   * endpoint is going.
   */
  readonly graceMs: number;
}

/**
 * Ends a proxy's traffic without failing a request:
 * Serving ─▶ Announcing (accepts; responses say close) ─▶ Draining (accepts no more) ─▶ Over (limit, or all gone).
 */
export async function drain(engine: Engine, options: DrainOptions): Promise<void> {
  engine.startDraining();
  await wait(engine, Math.min(options.graceMs, options.limitMs));
  const ended = engine.listeners.stopAccepting();
  engine.listeners.drainConnections();
  await Promise.race([ended, wait(engine, options.limitMs - options.graceMs)]);
  engine.destroy();
}

function wait(engine: Engine, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) resolve();
    else engine.wheel.timer(resolve).start(ms);
  });
}
