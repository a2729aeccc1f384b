import type { ProxyProtocolVersion } from '@tulle/decision/tables/listener';
import type { UpstreamTls } from '@tulle/decision/tables/tls';
import type { core_TransportSocket } from '@tulle/xds/wire';
import { messageName, type Problems, read } from '../values/problems.ts';
import { translateUpstreamSocket } from './tls.ts';

const proxyProtocol = 'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport';

/** How connections to an endpoint begin; both absent: plain text. */
export interface UpstreamTransport {
  readonly tls?: UpstreamTls;
  readonly proxyProtocol?: ProxyProtocolVersion;
}

/** A transport socket of a cluster: TLS or none, in a PROXY header or not. */
export function translateTransport(
  socket: core_TransportSocket | undefined,
  path: string,
  problems: Problems,
): UpstreamTransport {
  const config = socket?.typedConfig;
  if (config === undefined || messageName(config) !== proxyProtocol) {
    const tls = translateUpstreamSocket(socket, path, problems);
    return tls === undefined ? {} : { tls };
  }
  const at = `${path}.typed_config`;
  const wrapper = read(proxyProtocol, config.value, at, problems);
  const inner = translateTransport(wrapper?.transportSocket, `${at}.transport_socket`, problems);
  if (inner.proxyProtocol !== undefined) problems.add(`${at}.transport_socket`, 'one PROXY header is enough');
  return { ...inner, proxyProtocol: wrapper?.config?.version === 'V2' ? 'v2' : 'v1' };
}
