import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The proxy's own listeners, as bound. */
export type OwnListeners = () => Iterable<{ readonly address: string; readonly port: number }>;

function isLoopback(address: string): boolean {
  return (
    address === '::1' ||
    address.startsWith('127.') ||
    address.startsWith('::ffff:127.') ||
    address === '0.0.0.0' ||
    address === '::'
  );
}

function isLocal(address: string): boolean {
  if (isLoopback(address)) return true;
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((own) => own.address === address),
  );
}

/**
 * True if a connection to `address:port` would come back to one of the proxy's own listeners: a request
 * that names the proxy itself must not go round for ever.
 */
export function reachesItself(address: string, port: number, own: OwnListeners): boolean {
  if (isIP(address) === 0) return false;
  for (const listener of own()) {
    if (listener.port !== port) continue;
    const everywhere = listener.address === '0.0.0.0' || listener.address === '::';
    if (address === listener.address || (everywhere && isLocal(address))) return true;
    // 0.0.0.0 as a destination means this host.
    if (isLoopback(address) && isLoopback(listener.address) && (address === '0.0.0.0' || address === '::'))
      return true;
    if (address === `::ffff:${listener.address}`) return true;
  }
  return false;
}
