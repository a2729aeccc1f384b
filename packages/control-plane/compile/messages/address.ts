import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AddressSchema } from '@tulle/xds/gen/envoy/config/core/v3/address_pb.js';

/** A Unix socket's path, or its abstract name. */
export const isSocketPath = (address: string): boolean => /^[/@]/.test(address);

/** An IP address or name with a port, or a Unix socket (whose port means nothing). */
export const addressOf = (address: string, port: number): MessageInitShape<typeof AddressSchema> => ({
  address: isSocketPath(address)
    ? { case: 'pipe', value: { path: address } }
    : {
        case: 'socketAddress',
        value: {
          address,
          portSpecifier: { case: 'portValue', value: port },
          ipv4Compat: address === '::',
        },
      },
});
