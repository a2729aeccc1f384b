import { error, type Finding } from '../../finding.ts';
import { nearestName } from '../../nearest.ts';
import type { FieldPath } from '../../path.ts';
import { isIpAddress } from '../../schema/host.ts';
import { isProtocol, protocols } from '../protocol.ts';
import type { EgressListener } from './kind.ts';

type Port = NonNullable<EgressListener['port']>;
type Binding = Pick<EgressListener, 'bind' | 'captureMode'> & { readonly port: Port };

export const isUnix = (address: string): boolean => address.startsWith('unix://');

/** An absolute path that is no folder, or an abstract name, after `unix://`. */
export const isUnixSocket = (address: string): boolean => /^unix:\/\/(@.|\/.*[^/]$)/.test(address);

/** Port, protocol, address and capture of a listener fit together. */
export function checkBinding({ port, bind = '', captureMode }: Binding, path: FieldPath): Finding[] {
  const found = checkProtocol(port.protocol, [...path, 'port', 'protocol']);
  const number = port.number ?? 0;
  if ((port.targetPort ?? 0) > 0)
    found.push(error('conflict', [...path, 'port', 'targetPort'], 'has no meaning for a Sidecar'));
  if (isUnix(bind)) {
    if (number !== 0)
      found.push(error('conflict', [...path, 'port', 'number'], 'must be 0 for a Unix socket'));
    if (!isUnixSocket(bind)) found.push(badSocket(bind, [...path, 'bind']));
    if (captureMode === 'IPTABLES')
      found.push(error('conflict', [...path, 'captureMode'], 'must be DEFAULT or NONE for a Unix socket'));
    return found;
  }
  if (number < 1 || number > 65535)
    found.push(
      error(
        'out-of-range',
        [...path, 'port', 'number'],
        `must be a port number between 1 and 65535 (0 needs bind: unix://…), not ${number}`,
      ),
    );
  if (bind !== '' && !isIpAddress(bind))
    found.push(
      error(
        'bad-address',
        [...path, 'bind'],
        `must be an IP address or unix://…, not ${JSON.stringify(bind)}`,
      ),
    );
  return found;
}

export const badSocket = (address: string, path: FieldPath): Finding =>
  error(
    'bad-address',
    path,
    `must be an absolute path or an abstract socket, not ${JSON.stringify(address)}`,
  );

function checkProtocol(protocol: string | undefined, path: FieldPath): Finding[] {
  // None: what comes first on a connection tells (Istio).
  if (protocol === undefined || protocol === '') return [];
  if (isProtocol(protocol) && protocol.toUpperCase() !== 'UDP') return [];
  const near = nearestName(protocol.toUpperCase(), protocols);
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  return [
    error(
      'wrong-value',
      path,
      `must be one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS, MYSQL, not ${JSON.stringify(protocol)}${hint}`,
    ),
  ];
}

/** Each port and each socket has one listener. */
export function checkUnique(
  listeners: readonly { readonly port?: Port; readonly bind?: string }[],
  path: FieldPath,
): Finding[] {
  const taken = new Map<string, number>();
  return listeners.flatMap(({ port, bind = '' }, index) => {
    if (port === undefined) return [];
    const unix = isUnix(bind);
    const key = unix ? bind : String(port.number);
    const first = taken.get(key);
    if (first === undefined) {
      taken.set(key, index);
      return [];
    }
    const at = [...path, index, ...(unix ? ['bind'] : ['port', 'number'])];
    return [error('duplicate', at, `is that of ${path.join('.')}[${first}] too: ${key}`)];
  });
}
