import type { FaultRule } from '@tulle/decision/tables/fault';
import type { FilterVariant } from '../filter-kind.ts';

const all = 1_000_000;

/** The rules without chance that a rule is a mixture of: delay and abort are drawn apart. */
export function variantsOf(rule: FaultRule | undefined): readonly FilterVariant[] | undefined {
  if (rule === undefined || Object.keys(rule).length === 0) return undefined;
  const { delay, abort } = rule;
  const delays = split(delay?.fraction, delay && `a delay of ${delay.ms} ms`);
  const aborts = split(abort?.fraction, abort && `an abort with ${nameOf(abort)}`);
  return delays.flatMap((delayed) =>
    aborts.map((aborted) => ({
      share: delayed.share * aborted.share,
      says: `fault: ${[delayed.says, aborted.says].filter((says) => says !== '').join(', ')}`,
      config: {
        ...(delayed.hit && { delay: { ...delay, fraction: all } }),
        ...(aborted.hit && { abort: { ...abort, fraction: all } }),
      },
    })),
  );
}

interface Draw {
  readonly share: number;
  readonly hit: boolean;
  readonly says: string;
}

function split(fraction: number | undefined, what = ''): readonly Draw[] {
  if (fraction === undefined) return [{ share: 1, hit: false, says: '' }];
  const share = fraction / all;
  const chance = `${Number((share * 100).toPrecision(3))} %`;
  return [
    { share, hit: true, says: `${what} (${chance})` },
    { share: 1 - share, hit: false, says: `not ${what} (${chance})` },
  ];
}

const nameOf = ({ status, grpcStatus }: NonNullable<FaultRule['abort']>): string =>
  grpcStatus === undefined ? String(status) : `gRPC status ${grpcStatus}`;
