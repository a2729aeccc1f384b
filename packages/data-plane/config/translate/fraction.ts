import type { core_RuntimeFractionalPercent } from '@tulle/xds/wire';

const perUnit = { HUNDRED: 10_000, TEN_THOUSAND: 100, MILLION: 1 } as const;

/** In millionths. */
export function millionths({ defaultValue }: core_RuntimeFractionalPercent): number {
  if (defaultValue === undefined) return 0;
  return Math.min(1_000_000, defaultValue.numerator * perUnit[defaultValue.denominator]);
}
