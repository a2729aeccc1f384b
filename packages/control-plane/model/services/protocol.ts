/** What a port speaks, as far as the proxy must know. `unspecified`: nobody said. */
export type Protocol =
  | 'http'
  | 'http2'
  | 'grpc'
  | 'grpc-web'
  | 'https'
  | 'tls'
  | 'tcp'
  | 'udp'
  | 'unspecified';

/** Whether its bytes are HTTP that a proxy reads: `https` is not, `unspecified` only bytes can tell. */
export const isHttp = (protocol: Protocol): boolean =>
  protocol === 'http' || protocol === 'http2' || protocol === 'grpc' || protocol === 'grpc-web';

/**
 * Istio's explicit protocol selection: names of `appProtocol`, of Gateway and ServiceEntry ports, and the part
 * of a port's name before the first `-`.
 */
const protocols: Readonly<Record<string, Protocol>> = {
  http: 'http',
  http2: 'http2',
  grpc: 'grpc',
  'grpc-web': 'grpc-web',
  https: 'https',
  tls: 'tls',
  tcp: 'tcp',
  udp: 'udp',
  mongo: 'tcp',
  mysql: 'tcp',
  redis: 'tcp',
  hbone: 'tcp',
  'kubernetes.io/h2c': 'http2',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'https',
};

/** Unknown and absent names are `unspecified`. */
export function parseProtocol(name: string | undefined): Protocol {
  return (name !== undefined && protocols[name.toLowerCase()]) || 'unspecified';
}

/** Where Istio does not look at first bytes: SMTP, DNS, MySQL, MongoDB. */
const neverSniffed = new Set([25, 53, 3306, 27017]);

/** A port's protocol: `protocol: UDP`, then `appProtocol`, then the name's prefix, then a well-known number. */
export function portProtocol(port: {
  readonly number: number;
  readonly name?: string | undefined;
  readonly appProtocol?: string | undefined;
  readonly protocol?: string | undefined;
}): Protocol {
  if (port.protocol?.toUpperCase() === 'UDP') return 'udp';
  const declared = parseProtocol(port.appProtocol);
  if (declared !== 'unspecified') return declared;
  const name = port.name?.toLowerCase() ?? '';
  if (name === 'grpc-web' || name.startsWith('grpc-web-')) return 'grpc-web';
  const named = parseProtocol(name.split('-', 1)[0]);
  return named === 'unspecified' && neverSniffed.has(port.number) ? 'tcp' : named;
}
