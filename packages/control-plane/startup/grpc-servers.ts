import { Server } from '@grpc/grpc-js';
import type { Clock } from '@tulle/xds/clock';
import type { AdsServer } from '@tulle/xds/server/ads-server';
import { adsServerOptions } from '@tulle/xds/server/grpc-stream';
import { GrpcDoor } from '../handshakes/door.ts';
import type { HandshakeGate } from '../handshakes/gate.ts';
import type { Authority } from '../identity/authority.ts';
import {
  type CertificateServiceOptions,
  certificateService,
  enrolmentHandlers,
  renewalHandlers,
} from '../identity/certificate-service.ts';
import type { EnrolmentTokens } from '../identity/enrolment.ts';
import { startOwnSvid } from '../identity/own-svid.ts';
import { bindPreferred } from './last-ports.ts';

/** A caller of the enrolment port is nobody yet: one small request is all that it may send. */
const enrolmentLimits = {
  'grpc.max_receive_message_length': 64 * 1024,
  'grpc.max_concurrent_streams': 4,
  'grpc.max_connection_idle_ms': 10_000,
  'grpc.max_connection_age_ms': 60_000,
} as const;

export interface GrpcServers {
  readonly xdsPort: number;
  readonly enrolPort: number;
  /** Ends all connections. */
  close(): void;
}

/**
 * The two gRPC ports: xDS and certificate renewal over mutual TLS; enrolment, where only the server shows a
 * certificate. The control plane's own SVID rotates under both.
 */
export async function startGrpcServers(options: {
  readonly address: string;
  /** Of the last start; 0: any. */
  readonly preferred: { readonly xds: number; readonly enrol: number };
  readonly authority: Authority;
  readonly tokens: EnrolmentTokens;
  readonly ads: AdsServer;
  /** Before both ports: they share one core. */
  readonly gate: HandshakeGate;
  readonly clock: Clock;
  readonly onIssued: NonNullable<CertificateServiceOptions['onIssued']>;
  readonly onError: (error: unknown) => void;
}): Promise<GrpcServers> {
  const { authority, tokens, ads, gate, address, preferred, clock } = options;
  const doors: GrpcDoor[] = [];
  const ownSvid = await startOwnSvid({
    ...options,
    onRotate: (material) => {
      for (const door of doors) door.rotate(material);
    },
  });
  const xds = new Server(adsServerOptions);
  ads.addTo(xds);
  xds.addService(certificateService, renewalHandlers(options));
  const enrolment = new Server(enrolmentLimits);
  enrolment.addService(certificateService, enrolmentHandlers({ ...options, authority, tokens }));
  const open = (server: Server, mutual: boolean, port: number): Promise<number> => {
    const door = new GrpcDoor(server, gate, { mutual, material: ownSvid.current(), clock });
    doors.push(door);
    return bindPreferred(port, (wanted) => door.listen(wanted, address));
  };
  const close = (): void => {
    ownSvid.close();
    for (const door of doors) door.close();
    gate.close();
    xds.forceShutdown();
    enrolment.forceShutdown();
  };
  try {
    return {
      xdsPort: await open(xds, true, preferred.xds),
      enrolPort: await open(enrolment, false, preferred.enrol),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}
