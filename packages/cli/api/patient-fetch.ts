import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** How long a connection may be refused: the supervisor starts a control plane again within this time. */
  readonly refusedMs: number;
  /** How long an answer may take to begin; one that has begun may go on for as long as it likes. */
  readonly answerMs: number;
}

const usual: Patience = { refusedMs: 5_000, answerMs: 30_000 };
const AGAIN_AFTER_MS = 50;

/**
 * `fetch` for people's commands: waits while a control plane is started again, and not for ever for one that hangs. A
 * connection that was refused has carried no request, so any request may be made once more; of one that broke later
 * nobody knows, and it fails.
 */
export function patientFetch(
  send: typeof fetch = fetch,
  { refusedMs, answerMs }: Patience = usual,
): typeof fetch {
  return async (input, init) => {
    const deadline = performance.now() + refusedMs;
    for (;;) {
      try {
        return await answerWithin(answerMs, send, input, init);
      } catch (error) {
        if (!isRefusedConnection(error) || performance.now() > deadline) throw error;
      }
      await pause(AGAIN_AFTER_MS, undefined, init?.signal ? { signal: init.signal } : {});
    }
  };
}

/** @throws TypeError, as fetch does where nobody answers */
async function answerWithin(ms: number, ...[send, input, init]: [typeof fetch, ...Parameters<typeof fetch>]) {
  const hanging = new AbortController();
  const timer = setTimeout(() => {
    const unknown = (init?.method ?? 'GET') === 'GET' ? '' : '; whether the change was made is not known';
    const cause = new Error(`no answer within ${ms / 1000} s${unknown}`);
    hanging.abort(new TypeError('fetch failed', { cause }));
  }, ms);
  const given = init?.signal;
  const signal = given ? AbortSignal.any([given, hanging.signal]) : hanging.signal;
  try {
    return await send(input, { ...init, signal });
  } finally {
    clearTimeout(timer);
  }
}

/** fetch throws a TypeError with the socket's error as its cause. */
function isRefusedConnection(error: unknown): boolean {
  const cause = error instanceof TypeError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
