import type { MeshSettings } from '../../model/mesh/mesh.ts';
import { rootNamespace } from '../../model/origin.ts';
import { isHttp, type Protocol } from '../../model/services/protocol.ts';
import type { Service } from '../../model/services/service.ts';
import { duration, none } from '../messages/duration.ts';
import { type Note, note } from '../note.ts';

/** How a port is proxied. `sniffed`: nobody said what it speaks, each connection's first bytes do. */
export type Layer = 'http' | 'tcp' | 'sniffed';

export function layerOf(protocol: Protocol): Layer {
  if (isHttp(protocol)) return 'http';
  return protocol === 'unspecified' ? 'sniffed' : 'tcp';
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
    if (port.protocol !== 'unspecified') return [];
    const message = `port ${port.number} does not say its protocol: each connection’s first bytes tell; servers that speak first should be named tcp`;
    return [note(origin, 'unknown-protocol', message, path)];
  });
}
