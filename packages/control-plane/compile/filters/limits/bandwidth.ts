import type { Any } from '@bufbuild/protobuf/wkt';
import type { BandwidthLimitSpec } from '@tulle/resources/tulle/limits/bandwidth-limit';
import {
  BandwidthLimitSchema,
  BandwidthLimit_EnableMode as Mode,
} from '@tulle/xds/gen/envoy/extensions/filters/http/bandwidth_limit/v3/bandwidth_limit_pb.js';
import { TypedStructSchema } from '@tulle/xds/gen/udpa/type/v1/typed_struct_pb.js';
import type { LimitPolicy } from '../../../model/traffic/limits.ts';
import { extension } from '../../messages/extension.ts';
import { any } from '../../messages/serialize.ts';
import { type Note, note } from '../../note.ts';
import type { Engine } from '../../proxy.ts';
import type { HttpFilter } from '../http-filters.ts';
import type { NetworkFilter } from '../http-manager.ts';

export type BandwidthPolicy = LimitPolicy<BandwidthLimitSpec>;
type Way = 'request' | 'response';

const ways = ['request', 'response'] as const;
const modes = { request: Mode.REQUEST, response: Mode.RESPONSE } as const;

/** Envoy's filter has one rate, so each direction has a filter. */
const filterName = ({ namespace, name }: BandwidthPolicy, way: Way): string =>
  `tulle.bandwidth.${namespace}.${name}.${way}`;

const isPerProxy = ({ spec }: BandwidthPolicy): boolean => (spec.scope ?? 'PROXY') === 'PROXY';

/** A policy as HTTP filters; one that is for routes does nothing but what routes say. */
export function bandwidthFilters(policy: BandwidthPolicy, engine: Engine): HttpFilter[] {
  if (engine === 'envoy' && !isPerProxy(policy)) return [];
  return ways.flatMap((way): HttpFilter[] => {
    if (policy.spec[way] === undefined) return [];
    const name = filterName(policy, way);
    const value = policy.targets.length > 0 ? envoys(name, Mode.DISABLED) : config(policy, way, name);
    return [extension(name, value)];
  });
}

/** What a route says to them. @param place tells its budget from other routes' */
export function routeBandwidth(policy: BandwidthPolicy, place: string): Record<string, Any> {
  return Object.fromEntries(
    ways.flatMap((way) =>
      policy.spec[way] === undefined
        ? []
        : [[filterName(policy, way), config(policy, way, `${filterName(policy, way)} ${place}`)] as const],
    ),
  );
}

/** Of connections that carry bytes: our own words, since Envoy has no such filter. */
export function bandwidthNetworkFilters(
  policies: readonly BandwidthPolicy[],
  engine: Engine,
): NetworkFilter[] {
  if (engine === 'envoy') return [];
  return policies.map((policy) => {
    const name = `tulle.bandwidth.${policy.namespace}.${policy.name}`;
    return extension(name, own(policy, ways, name));
  });
}

/** What an Envoy can't do. @param bytes its port's connections may carry bytes */
export function bandwidthNotes(policy: BandwidthPolicy, engine: Engine, bytes: boolean): Note[] {
  if (engine === 'tulle') return [];
  const { origin, spec } = policy;
  if (!isPerProxy(policy)) {
    const message = `an Envoy has no rates of each ${spec.scope === 'SOURCE' ? 'client' : 'connection'}: nothing is limited there`;
    return [note(origin, 'not-supported', message, 'spec.scope')];
  }
  return bytes ? [note(origin, 'not-supported', 'an Envoy limits HTTP only', 'spec')] : [];
}

function config(policy: BandwidthPolicy, way: Way, name: string): Any {
  if (!isPerProxy(policy)) return own(policy, [way], name);
  return envoys(name, modes[way], policy.spec[way]?.kibibytesPerSecond);
}

function envoys(statPrefix: string, enableMode: Mode, kib?: number): Any {
  return any(BandwidthLimitSchema, {
    statPrefix,
    enableMode,
    ...(kib !== undefined && { limitKbps: BigInt(kib) }),
  });
}

function own({ spec }: BandwidthPolicy, of: readonly Way[], name: string): Any {
  const rates = of.flatMap((way) => {
    const kib = spec[way]?.kibibytesPerSecond;
    return kib === undefined ? [] : [[way, kib * 1024] as const];
  });
  const value = { name, scope: (spec.scope ?? 'PROXY').toLowerCase(), ...Object.fromEntries(rates) };
  return any(TypedStructSchema, { typeUrl: 'type.googleapis.com/tulle.dev.BandwidthLimit', value });
}
