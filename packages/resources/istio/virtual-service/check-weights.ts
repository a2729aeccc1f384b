import { error, type Finding } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';

/**
 * The weights of several destinations must add up to 100. Istio required that until 1.12 and since then takes
 * any sum above 0 as proportions; a sum that is not 100 is nearly always a slip of the hand, so we keep the
 * old rule and say the sum. One destination may have any weight, or none.
 */
export function checkWeights(route: readonly { readonly weight?: number }[], path: FieldPath): Finding[] {
  if (route.length < 2) return [];
  const sum = route.reduce((total, { weight = 0 }) => total + weight, 0);
  if (sum === 100) return [];
  const terms = route
    .map(({ weight }) => (weight === undefined ? '0 (not given)' : String(weight)))
    .join(' + ');
  return [
    error(
      'weights-sum',
      path,
      `weights must add up to 100, not ${terms}${route.length > 1 ? ` = ${sum}` : ''}`,
    ),
  ];
}
