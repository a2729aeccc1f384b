import { rootNamespace } from '../model/origin.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import { type Note, note } from './note.ts';

/**
 * How a port is proxied. HTTP/2 and gRPC pass as bytes until both engines of a connection speak HTTP/2
 * between sidecars; a port whose protocol nobody said is taken as HTTP.
 */
export function layerOf(protocol: Protocol): 'http' | 'tcp' {
  return protocol === 'http' || protocol === 'unspecified' ? 'http' : 'tcp';
}

/** What a service's author should know of how its ports are taken. */
export function protocolNotes({ origin, ports, namespace }: Service): Note[] {
  // The mesh's own Services are not their author's to mend.
  if (namespace === rootNamespace) return [];
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`;
    if (port.protocol === 'http2' || port.protocol === 'grpc')
      return [
        note(
          origin,
          'not-supported',
          `${port.protocol} passes as TCP: its requests are not routed one by one`,
          path,
        ),
      ];
    if (port.protocol !== 'unspecified') return [];
    const message = `port ${port.number} does not say its protocol: taken as HTTP; name it tcp or set appProtocol`;
    return [note(origin, 'unknown-protocol', message, path)];
  });
}
