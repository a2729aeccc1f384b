import type { core_RuntimeFractionalPercent, type_FractionalPercent } from '@tulle/xds/wire';

const perUnit = { HUNDRED: 10_000, TEN_THOUSAND: 100, MILLION: 1 } as const;

/** In millionths. */
export function millionths({ defaultValue }: core_RuntimeFractionalPercent): number {
  return millionthsOf(defaultValue);
}

/** In millionths; absent: none. */
export function millionthsOf(percent: type_FractionalPercent | undefined): number {
  if (percent === undefined) return 0;
  return Math.min(1_000_000, percent.numerator * perUnit[percent.denominator]);
}
