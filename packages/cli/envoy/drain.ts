import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 50;
/** An admin port that takes longer hangs. */
const answerWithinMs = 1000;

/**
 * Drains Envoy through its admin port: no new connections, `connection: close` on answers; returns when no
 * request is active, at the latest after `limitMs`. An admin port that does not answer ends the wait.
 */
export async function drain(
  admin: { readonly address: string; readonly port: number },
  limitMs: number,
  withinMs = answerWithinMs,
): Promise<void> {
  const base = `http://${admin.address}:${admin.port}`;
  const end = performance.now() + limitMs;
  try {
    await fetch(`${base}/drain_listeners?graceful&skip_exit`, { method: 'POST' });
    while (performance.now() < end && (await activeRequests(base, withinMs)) > 0) await pause(pollMs);
  } catch {
    // Envoy is gone or hangs: its end is the caller's next step either way.
  }
}

async function activeRequests(base: string, withinMs: number): Promise<number> {
  const filter = encodeURIComponent('^http\\..*downstream_rq_active$');
  const answer = await fetch(`${base}/stats?format=json&filter=${filter}`, {
    signal: AbortSignal.timeout(withinMs),
  });
  const { stats } = (await answer.json()) as { stats: { name: string; value?: number }[] };
  return stats
    .filter(({ name }) => !name.startsWith('http.admin.'))
    .reduce((sum, { value }) => sum + (value ?? 0), 0);
}
