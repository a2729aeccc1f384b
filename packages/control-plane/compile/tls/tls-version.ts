import { TlsParameters_TlsProtocol } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type { TlsVersion } from '../../model/istio.ts';
import type { Engine } from '../proxy.ts';

const versions: Readonly<Record<Exclude<TlsVersion, 'TLS_AUTO'>, TlsParameters_TlsProtocol>> = {
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** Broken: no proxy of ours speaks it. */
export const isOld = (version: TlsVersion | undefined): boolean =>
  version === 'TLSV1_0' || version === 'TLSV1_1';

/** As Envoy writes it. @param absent where nothing is said */
export function tlsVersion(
  written: TlsVersion = 'TLS_AUTO',
  absent: 'TLSV1_2' | 'TLSV1_3',
  engine: Engine = 'tulle',
): TlsParameters_TlsProtocol {
  if (engine === 'tulle' && isOld(written)) return versions.TLSV1_2;
  return versions[written === 'TLS_AUTO' ? absent : written];
}
