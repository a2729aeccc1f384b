import type { Headers } from '@tulle/decision/headers';
import type { WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { ConnectionInfo } from '../../http/connection-info.ts';
import {
  encodePeerMetadata,
  peerMetadataHeader,
  peerMetadataIdHeader,
} from '../../telemetry/peer-metadata.ts';
import { FilterStatus, type HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';
import { believedLabels } from './belief.ts';
import { readPeerMetadataConfig } from './config.ts';

/** What a connection's last header said; a sidecar sends the same with each request. */
interface Learnt {
  value: string;
  labels: WorkloadLabels | undefined;
}

/** True: the caller speaks this protocol, so it is answered. */
type State = { asked: boolean };

function learn(connection: ConnectionInfo, value: string): WorkloadLabels | undefined {
  let learnt = connection.memo.get('peer-metadata') as Learnt | undefined;
  if (learnt?.value !== value) {
    learnt = { value, labels: believedLabels(value, connection.tls) };
    connection.memo.set('peer-metadata', learnt);
  }
  return learnt.labels;
}

function strip(headers: Headers): void {
  headers.remove(peerMetadataHeader);
  headers.remove(peerMetadataIdHeader);
}

/**
 * Istio's peer metadata between meshed peers. Neither the application, nor a client of a gateway, nor a
 * host outside the mesh ever sees or sets these headers.
 */
export const peerMetadataFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/io.istio.http.peer_metadata.Config',
  create(json, { node }) {
    const config = readPeerMetadataConfig(json);
    const own: readonly (readonly [string, string])[] = [
      [peerMetadataHeader, encodePeerMetadata(node.metadata)],
      [peerMetadataIdHeader, node.id],
    ];
    const filter: HttpFilter<State> = {
      start: () => ({ asked: false }),
      decodeHeaders(head, _end, stream, state) {
        const value = head.headers.get(peerMetadataHeader);
        if (value !== undefined) {
          state.asked = true;
          if (config.learnFromCallers) stream.info.peer = learn(stream.info.connection, value);
        }
        strip(head.headers);
        if (config.tellServers) stream.meshHeaders = own;
        return FilterStatus.Continue;
      },
      encodeHeaders(head, _end, stream, state) {
        const value = head.headers.get(peerMetadataHeader);
        // The control plane's word for the endpoint is better than the endpoint's own.
        if (value !== undefined && config.learnFromServers)
          stream.info.peer ??= believedLabels(value, { peerUri: stream.info.upstreamPeerUri });
        strip(head.headers);
        if (config.tellCallers && state.asked && stream.info.connection.tls?.peerUri !== undefined) {
          for (const [name, text] of own) head.headers.add(name, text);
        }
        return FilterStatus.Continue;
      },
    };
    return filter as HttpFilter;
  },
};
