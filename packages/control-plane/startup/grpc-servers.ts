import { Server, type ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '@tulle/xds/clock';
import type { AdsServer } from '@tulle/xds/server/ads-server';
import { adsServerOptions } from '@tulle/xds/server/grpc-stream';
import type { Authority } from '../identity/authority.ts';
import {
  type CertificateServiceOptions,
  certificateService,
  enrolmentHandlers,
  renewalHandlers,
} from '../identity/certificate-service.ts';
import type { EnrolmentTokens } from '../identity/enrolment.ts';
import { startOwnSvid } from '../identity/own-svid.ts';
import { RotatingServerCredentials } from '../identity/server-credentials.ts';
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
  readonly clock: Clock;
  readonly onIssued: NonNullable<CertificateServiceOptions['onIssued']>;
  readonly onError: (error: unknown) => void;
}): Promise<GrpcServers> {
  const { authority, tokens, ads, address, preferred } = options;
  const rotating: RotatingServerCredentials[] = [];
  const ownSvid = await startOwnSvid({
    ...options,
    onRotate: (material) => {
      for (const credentials of rotating) credentials.rotate(material);
    },
  });
  const credentials = (mutual: boolean): RotatingServerCredentials => {
    const made = new RotatingServerCredentials({ mutual }, ownSvid.current());
    rotating.push(made);
    return made;
  };
  const xds = new Server(adsServerOptions);
  ads.addTo(xds);
  xds.addService(certificateService, renewalHandlers(options));
  const enrolment = new Server(enrolmentLimits);
  enrolment.addService(certificateService, enrolmentHandlers({ ...options, authority, tokens }));
  const close = (): void => {
    ownSvid.close();
    xds.forceShutdown();
    enrolment.forceShutdown();
  };
  try {
    const mutual = credentials(true);
    const serverOnly = credentials(false);
    return {
      xdsPort: await bindPreferred(preferred.xds, (port) => bind(xds, address, port, mutual)),
      enrolPort: await bindPreferred(preferred.enrol, (port) => bind(enrolment, address, port, serverOnly)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function bind(
  server: Server,
  address: string,
  port: number,
  credentials: ServerCredentials,
): Promise<number> {
  const host = address.includes(':') ? `[${address}]` : address;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}
