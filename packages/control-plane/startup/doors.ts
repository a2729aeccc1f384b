import type { Authority } from '../identity/authority.ts';
import { type StartApiOptions, startApi } from './api.ts';
import { startGrpcServers } from './grpc-servers.ts';
import { readLastPorts, writeLastPorts } from './last-ports.ts';

export interface Doors {
  /** `http://127.0.0.1:8090` */
  readonly api: string;
  readonly xdsPort: number;
  readonly enrolPort: number;
  close(): Promise<void>;
}

/**
 * Opens gRPC for proxies, then HTTP for people: on the ports of the last start in this run where they are
 * free, so that proxies and clients find us again.
 * @throws the socket's error when the API's given port is taken; nothing stays open then
 */
export async function openDoors(
  options: Omit<StartApiOptions, 'preferred'> & {
    readonly authority: Authority;
    readonly onError: (error: unknown) => void;
  },
): Promise<Doors> {
  const { stateDir, streams, metrics } = options;
  const last = readLastPorts(stateDir);
  const grpc = await startGrpcServers({
    ...options,
    preferred: last,
    ads: streams.ads,
    onIssued(svid, { renews }) {
      metrics.add('citadel_server_success_cert_issuance_count');
      if (renews !== undefined) streams.proxies.renewed(renews, svid);
    },
  });
  try {
    const api = await startApi({ ...options, preferred: last.api });
    const { xdsPort, enrolPort } = grpc;
    writeLastPorts(stateDir, { api: Number(new URL(api.url).port), xds: xdsPort, enrol: enrolPort });
    return {
      api: api.url,
      xdsPort,
      enrolPort,
      async close() {
        await api.close();
        grpc.close();
      },
    };
  } catch (error) {
    grpc.close();
    throw error;
  }
}
