import type { core_Address } from '@tulle/xds/wire';
import type { Problems } from './problems.ts';

/** A Unix socket has its path as address, and port 0. */
export interface TranslatedAddress {
  readonly address: string;
  readonly port: number;
  /** Permissions of a Unix socket that is bound. */
  readonly mode: number;
  /** Whether `::` is meant for IPv4, too. */
  readonly ipv4Compat: boolean;
}

/** envoy.config.core.v3.Address. Whether an address may be a name is for the caller to say. */
export function translateAddress(
  address: core_Address | undefined,
  path: string,
  problems: Problems,
): TranslatedAddress | undefined {
  const { socketAddress: socket, pipe } = address ?? {};
  if (pipe !== undefined) return translatePipe(pipe, `${path}.pipe`, problems);
  if (socket?.portValue === undefined) {
    problems.add(path, 'must be a socket address with a port, or a pipe');
    return undefined;
  }
  const { protocol, portValue: port, ipv4Compat } = socket;
  if (protocol !== 'TCP') problems.add(`${path}.socket_address.protocol`, `${protocol} is not supported`);
  if (port < 1 || port > 65_535) problems.add(`${path}.socket_address.port_value`, `${port} is no port`);
  return { address: socket.address, port, mode: 0, ipv4Compat };
}

/** As in `sockaddr_un` of Linux, with its final NUL. */
const mostPathBytes = 107;

function translatePipe(
  { path, mode }: NonNullable<core_Address['pipe']>,
  at: string,
  problems: Problems,
): TranslatedAddress {
  if (!/^[/@]/.test(path)) problems.add(`${at}.path`, `"${path}" must begin with / or @`);
  if (Buffer.byteLength(path) > mostPathBytes) problems.add(`${at}.path`, 'is too long for a socket');
  if (mode > 0o777) problems.add(`${at}.mode`, `${mode} is no file mode`);
  if (mode !== 0 && path.startsWith('@')) problems.add(`${at}.mode`, 'an abstract socket has none');
  return { address: path, port: 0, mode, ipv4Compat: false };
}
