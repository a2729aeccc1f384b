import { error, type Finding, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';

/**
 * The weights of several destinations are proportions: any sum above 0 will do, as in Istio. One that is not 100
 * is often a slip of the hand, so the shares that it makes are said. One destination may have any weight, or none.
 */
export function checkWeights(route: readonly { readonly weight?: number }[], path: FieldPath): Finding[] {
  if (route.length < 2) return [];
  const weights = route.map(({ weight = 0 }) => weight);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (sum === 100) return [];
  if (sum === 0) return [error('weights-sum', path, 'must have a destination whose weight is above 0')];
  const shares = weights.map((weight) => `${Math.round((weight / sum) * 1000) / 10} %`);
  const message = `weights add up to ${sum}, not 100: they are taken as proportions, ${shares.join(' : ')}`;
  return [warning('weights-sum', path, message)];
}
