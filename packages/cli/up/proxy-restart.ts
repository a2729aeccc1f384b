import type { Resource } from '@tulle/resources/kind';
import { messageOf } from '../failure.ts';
import type { Reporter } from './reporter.ts';

/**
 * On a Workload: its sidecars are replaced while they serve whenever the value changes; on the Mesh: its gateway. As
 * kubectl's `kubectl.kubernetes.io/restartedAt` does for Pods.
 */
export const PROXY_RESTART_ANNOTATION = 'tulle.dev/restart-proxy';

export function proxyRestartOf({ metadata }: Pick<Resource, 'metadata'>): { readonly proxyRestart?: string } {
  const proxyRestart = metadata.annotations?.[PROXY_RESTART_ANNOTATION];
  return proxyRestart === undefined ? {} : { proxyRestart };
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
