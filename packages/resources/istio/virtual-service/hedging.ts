import { error, type Finding, warning } from '../../finding.ts';
import type { VirtualService } from './kind.ts';

/** `"true"`: attempts that exceed `perTryTimeout` are not given up. Istio has no field for it. */
export const hedgeAnnotation = 'tulle.dev/hedge-on-per-try-timeout';

export function checkHedging({ metadata, spec }: VirtualService): Finding[] {
  const value = metadata.annotations?.[hedgeAnnotation];
  if (value === undefined || value === 'false') return [];
  const path = ['metadata', 'annotations', hedgeAnnotation];
  if (value !== 'true')
    return [error('wrong-value', path, `must be "true" or "false", not ${JSON.stringify(value)}`)];
  const hedges = (spec.http ?? []).some(({ retries, delegate }) => retries?.perTryTimeout || delegate);
  return hedges
    ? []
    : [warning('no-effect', path, 'needs retries with a perTryTimeout, and no rule has any')];
}
