import type { MeshSettings } from '../model/mesh.ts';
import { rootNamespace } from '../model/origin.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service } from '../model/service.ts';
import { duration, none } from './duration.ts';
import { type Note, note } from './note.ts';

/** How a port is proxied. `sniffed`: nobody said what it speaks, each connection's first bytes do. */
export type Layer = 'http' | 'tcp' | 'sniffed';

/** HTTP/2 and gRPC pass as bytes until both engines of a connection speak HTTP/2 between sidecars. */
export function layerOf(protocol: Protocol): Layer {
  if (protocol === 'unspecified') return 'sniffed';
  return protocol === 'http' ? 'http' : 'tcp';
}

/** How long first bytes are waited for; 0: for ever. */
export const detectionTimeout = ({ protocolDetectionTimeout }: MeshSettings): typeof none =>
  duration(protocolDetectionTimeout) ?? none;

/** What the HTTP inspector says of HTTP. */
export const sniffedHttp = ['http/1.0', 'http/1.1', 'h2c'];

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
    const message = `port ${port.number} does not say its protocol: each connection’s first bytes tell; servers that speak first should be named tcp`;
    return [note(origin, 'unknown-protocol', message, path)];
  });
}
