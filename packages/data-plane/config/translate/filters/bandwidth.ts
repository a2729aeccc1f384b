import type { BandwidthLimit } from '@tulle/decision/tables/bandwidth';
import type { JsonObject } from '@tulle/xds/json';
import type { bandwidth_limit_BandwidthLimit } from '@tulle/xds/wire';
import { join, type Problems } from '../values/problems.ts';

export const bandwidthName = 'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit';
export const ownBandwidthName = 'tulle.dev.BandwidthLimit';

/** Envoy's: one rate, in KiB/s, for each of the directions that are enabled. */
export function translateBandwidth(
  { statPrefix, enableMode, limitKbps, enableResponseTrailers }: bandwidth_limit_BandwidthLimit,
  path: string,
  problems: Problems,
): BandwidthLimit {
  if (enableMode !== 'DISABLED' && !limitKbps) problems.add(join(path, 'limit_kbps'), 'must be at least 1');
  if (enableResponseTrailers) problems.add(join(path, 'enable_response_trailers'), 'is not supported');
  const rate = (limitKbps ?? 0) * 1024;
  return {
    name: statPrefix,
    ...(enableMode.startsWith('REQUEST') && { requestBytesPerSecond: rate }),
    ...(enableMode.endsWith('RESPONSE') && { responseBytesPerSecond: rate }),
    scope: 'proxy',
  };
}

const scopes = ['proxy', 'connection', 'source'] as const;

/** Ours: `{name, request, response, scope}`, rates in bytes per second. @throws Error for anything else */
export function ownBandwidth({ name, request, response, scope }: JsonObject): BandwidthLimit {
  const rate = (value: unknown): number | undefined => {
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || value < 1)
      throw new Error('a rate must be a number of bytes per second');
    return value;
  };
  const known = scopes.find((one) => one === scope);
  if (known === undefined || typeof name !== 'string') throw new Error('must have a name and a scope');
  const [requestBytesPerSecond, responseBytesPerSecond] = [rate(request), rate(response)];
  return {
    name,
    ...(requestBytesPerSecond !== undefined && { requestBytesPerSecond }),
    ...(responseBytesPerSecond !== undefined && { responseBytesPerSecond }),
    scope: known,
  };
}
