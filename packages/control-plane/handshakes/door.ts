import { constants } from 'node:crypto';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { type Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { alarm, type Clock } from '@tulle/xds/clock';
import type { ServerMaterial } from '../identity/own-svid.ts';
import type { HandshakeGate } from './gate.ts';

/** Streams that end with the certificate can say so before the connection does. */
const lastWordsMs = 1_000;

/**
 * A port of a gRPC server, over TLS whose certificate changes while it runs: new handshakes see the new one, open
 * connections stay. TLS 1.3 only; with `mutual` a client without a certificate of our roots is refused, and a
 * connection ends with the certificate that it was opened with: an Envoy opens stream after stream on the same one.
 *
 * ```
 *   port ──socket──▶ gate ──its turn──▶ TLS ──secure──▶ gRPC
 * ```
 * gRPC's own server would begin every handshake at once.
 */
export class GrpcDoor {
  readonly #port: Server;
  readonly #tls: TlsServer;

  constructor(
    grpc: GrpcServer,
    gate: HandshakeGate,
    options: { readonly mutual: boolean; readonly material: ServerMaterial; readonly clock: Clock },
  ) {
    const secured = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#tls = createTlsServer({
      ...contextOf(options.material),
      requestCert: options.mutual,
      rejectUnauthorized: options.mutual,
      ALPNProtocols: ['h2'],
      // The gate's is absolute; Node's starts anew with every byte.
      handshakeTimeout: 0,
    });
    this.#tls.on('secureConnection', (socket: TLSSocket) => {
      // A connection that breaks ends its streams.
      socket.on('error', () => {});
      gate.shaken(rawOf(socket));
      if (options.mutual) endWithCertificate(socket, options.clock);
      secured.injectConnection(socket);
    });
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#port = createTcpServer({ noDelay: true }, (socket) =>
      gate.enter(socket, () => this.#tls.emit('connection', socket)),
    );
  }

  /** @param port 0: any. @throws the socket's error when it is taken */
  listen(port: number, address: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#port.once('error', reject);
      this.#port.listen(port, address, () => {
        this.#port.removeListener('error', reject);
        resolve((this.#port.address() as AddressInfo).port);
      });
    });
  }

  /** @throws Error when the material does not load; the old one stays in use */
  rotate(material: ServerMaterial): void {
    this.#tls.setSecureContext(contextOf(material));
  }

  /** Takes no new connections. Those that are open are the gate's or the gRPC server's. */
  close(): void {
    this.#port.close();
  }
}

function endWithCertificate(socket: TLSSocket, clock: Clock): void {
  const shown = socket.getPeerX509Certificate();
  if (shown === undefined) return;
  const end = alarm(clock, shown.validToDate.getTime() + lastWordsMs, () => socket.destroy());
  socket.once('close', () => end.cancel());
}

/** The accepted socket below TLS; Node has no public name for it. */
const rawOf = (socket: TLSSocket): Socket =>
  (socket as TLSSocket & { readonly _parent?: Socket })._parent ?? socket;

function contextOf(material: ServerMaterial): SecureContextOptions {
  return {
    key: material.keyPem,
    cert: material.chainPem,
    ca: material.rootsPem,
    minVersion: 'TLSv1.3',
    // A resumed session is not verified again: a certificate that has expired meanwhile would get in.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
