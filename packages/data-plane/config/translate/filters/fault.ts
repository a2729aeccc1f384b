import type { FaultRule } from '@tulle/decision/tables/fault';
import type { Messages } from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { millionthsOf } from '../values/fraction.ts';
import { join, type Problems } from '../values/problems.ts';

export const faultName = 'envoy.extensions.filters.http.fault.v3.HTTPFault';

/** envoy.extensions.filters.http.fault.v3.HTTPFault, of a filter or of a route. */
export function translateFault(
  { delay, abort }: Messages[typeof faultName],
  path: string,
  problems: Problems,
): FaultRule {
  return {
    ...(delay && {
      delay: {
        ms: milliseconds(delay.fixedDelay, 0, join(path, 'delay.fixed_delay'), problems),
        fraction: millionthsOf(delay.percentage),
      },
    }),
    ...(abort && {
      abort: { ...statusOf(abort, path, problems), fraction: millionthsOf(abort.percentage) },
    }),
  };
}

function statusOf(
  { httpStatus, grpcStatus }: NonNullable<Messages[typeof faultName]['abort']>,
  path: string,
  problems: Problems,
): Pick<NonNullable<FaultRule['abort']>, 'status' | 'grpcStatus'> {
  if (httpStatus === undefined) {
    if (grpcStatus === undefined) problems.add(join(path, 'abort'), 'must say a status');
    return { status: 200, grpcStatus: grpcStatus ?? 0 };
  }
  if (httpStatus < 200 || httpStatus > 599)
    problems.add(join(path, 'abort.http_status'), `${httpStatus} is out of range`);
  return { status: httpStatus };
}
