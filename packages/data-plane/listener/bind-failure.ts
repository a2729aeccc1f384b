import type { Listener } from '@tulle/decision/tables/listener';

/** A listener that can't serve, and why. */
export interface ListenerFailure {
  readonly listener: string;
  readonly reason: string;
}

const meanings: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied: ports below 1024 need a privilege',
  EADDRNOTAVAIL: 'Cannot assign requested address: this machine has none such',
};

/** In Envoy's words, `cannot bind '0.0.0.0:8443': …`: what a NACK says reads the same from both engines. */
export function bindFailure(
  { name, address, port }: Listener,
  error: NodeJS.ErrnoException,
): ListenerFailure {
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    listener: name,
    reason: `cannot bind '${host}:${port}': ${meanings[error.code ?? ''] ?? error.message}`,
  };
}
