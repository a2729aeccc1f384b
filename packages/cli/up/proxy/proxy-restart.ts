import type { Resource } from '@tulle/resources/kind';
import { messageOf } from '../../failure.ts';
import type { Reporter } from '../screen/reporter.ts';

/**
 * On a Workload: its sidecars are replaced while they serve whenever the value changes; on the Mesh: its gateway. As
 * kubectl's `kubectl.kubernetes.io/restartedAt` does for Pods.
 */
export const PROXY_RESTART_ANNOTATION = 'tulle.dev/restart-proxy';

export function proxyRestartOf({ metadata }: Pick<Resource, 'metadata'>): { readonly proxyRestart?: string } {
  const proxyRestart = metadata.annotations?.[PROXY_RESTART_ANNOTATION];
  return proxyRestart === undefined ? {} : { proxyRestart };
}

/** What was asked for last. A wish that is taken back asks for nothing. */
export class RestartWish {
  #latest: string | undefined;

  /** @param latest asked for before what it is asked of started */
  constructor(latest: string | undefined) {
    this.#latest = latest;
  }

  /** Whether this is a new wish. */
  renew(asked: string | undefined): boolean {
    const isNew = asked !== this.#latest;
    this.#latest = asked;
    return isNew && asked !== undefined;
  }
}

/** One that fails leaves the one before in place: no more than a warning. */
export async function reportRestart(
  reporter: Reporter,
  name: string,
  restart: () => Promise<void>,
): Promise<void> {
  try {
    await restart();
    reporter.info(`${name}: a new proxy has taken over`);
  } catch (error) {
    reporter.warn(`${name}: no new proxy: ${messageOf(error)}`);
  }
}
