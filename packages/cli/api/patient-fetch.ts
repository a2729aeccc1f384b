import { setTimeout as pause } from 'node:timers/promises';

/** The supervisor starts a control plane again within this time, if nothing else is wrong with it. */
const WITHIN_MS = 5_000;
const AGAIN_AFTER_MS = 50;

/**
 * `fetch` for people's commands: waits while a control plane is started again. A connection that was refused has
 * carried no request, so any request may be made once more; of one that broke later nobody knows, and it fails.
 */
export function patientFetch(send: typeof fetch = fetch, withinMs = WITHIN_MS): typeof fetch {
  return async (input, init) => {
    const deadline = performance.now() + withinMs;
    for (;;) {
      try {
        return await send(input, init);
      } catch (error) {
        if (!isRefusedConnection(error) || performance.now() > deadline) throw error;
      }
      await pause(AGAIN_AFTER_MS, undefined, init?.signal ? { signal: init.signal } : {});
    }
  };
}

/** fetch throws a TypeError with the socket's error as its cause. */
function isRefusedConnection(error: unknown): boolean {
  const cause = error instanceof TypeError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
