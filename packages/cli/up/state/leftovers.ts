import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, signalProcess } from '../process/process-identity.ts';
import type { ChildRecord, RunRecord } from './run-record.ts';

/** How long leftovers get between SIGTERM and SIGKILL. */
const GRACE_MS = 3000;
const POLL_MS = 50;

/**
 * Ends what a killed supervisor left behind: the recorded processes, each only while it still is the one that
 * was recorded (pid and start time), never by name. Proxies go before applications, so that they can drain.
 * @returns the processes that were still there
 */
export async function clearLeftovers(record: RunRecord, graceMs = GRACE_MS): Promise<readonly ChildRecord[]> {
  const left = record.children.filter(isAlive);
  for (const role of ['proxy', 'app'] as const) {
    const group = left.filter((child) => child.role === role);
    for (const child of group) signalProcess(child, 'SIGTERM', { group: true });
    await gone(group, graceMs / 2);
  }
  for (const child of left) signalProcess(child, 'SIGKILL', { group: true });
  await gone(left, graceMs);
  return left;
}

/** Waits until none of them lives, at most `limitMs`. @returns whether all are gone */
export async function gone(
  processes: readonly { pid: number; start: string }[],
  limitMs: number,
): Promise<boolean> {
  for (let waited = 0; processes.some(isAlive); waited += POLL_MS) {
    if (waited >= limitMs) return false;
    await pause(POLL_MS);
  }
  return true;
}
