import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CidrRangeSchema } from '@tulle/xds/gen/envoy/config/core/v3/address_pb.js';

type CidrRange = MessageInitShape<typeof CidrRangeSchema>;

/** `10.0.0.0/8`, or an address for itself alone. */
export function cidrRange(text: string): CidrRange & { addressPrefix: string; prefixLen: number } {
  const [addressPrefix = '', bits] = text.split('/');
  const all = addressPrefix.includes(':') ? 128 : 32;
  return { addressPrefix, prefixLen: bits === undefined ? all : Number(bits) };
}

/** What Envoy's filter chain match says of addresses; absent fields take any. */
export interface SubnetMatch {
  readonly prefixRanges?: CidrRange[];
  readonly sourcePrefixRanges?: CidrRange[];
}

/** A rule's conditions on addresses; undefined: it has none. */
export function subnetMatch(conditions: {
  readonly destinationSubnets?: readonly string[] | undefined;
  readonly sourceSubnet?: string | undefined;
}): SubnetMatch | undefined {
  const { destinationSubnets = [], sourceSubnet = '' } = conditions;
  if (destinationSubnets.length === 0 && sourceSubnet === '') return undefined;
  return {
    ...(destinationSubnets.length > 0 && { prefixRanges: destinationSubnets.map(cidrRange) }),
    ...(sourceSubnet !== '' && { sourcePrefixRanges: [cidrRange(sourceSubnet)] }),
  };
}
