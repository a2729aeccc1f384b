import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls';
import type { DownstreamTls } from '@tulle/decision/tables';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import { rawOf } from './raw-socket.ts';
import { checkIdentity, IdentityError, identityOf, type PeerIdentity, peerCertificate } from './spiffe.ts';
import { certificateOf, contextOptions, rootsOf, type SecretSource } from './tls-material.ts';

export interface TlsTerminatorOptions {
  readonly tls: DownstreamTls;
  readonly timers: TimerWheel;
  /** Envoy's default for a transport socket's connect is 15 s; a mesh's peers are near. */
  readonly handshakeTimeoutMs?: number;
  /** `peer` is undefined when no certificate was asked for or shown. */
  readonly onSecure: (socket: TLSSocket, peer: PeerIdentity | undefined) => void;
  /** The connection is closed; `reason` is OpenSSL's or ours, for the log. */
  readonly onRefused?: (reason: string) => void;
}

/**
 * The server side of TLS for one filter chain. Accepted sockets are injected into a `tls.Server` that never
 * listens: the bare TLSSocket does not enforce that a certificate is asked for and verified.
 *
 * ```
 *   accept → handshaking (≤ handshakeTimeoutMs) → onSecure | onRefused
 * ```
 */
export class TlsTerminator {
  handshakes = 0;
  refused = 0;
  readonly #options: TlsTerminatorOptions;
  readonly #server: Server;
  readonly #handshaking = new Map<Socket, Timer>();
  #secrets: readonly unknown[] = [];
  #contexts: readonly { readonly certificate: X509Certificate; readonly context: SecureContext }[] = [];

  /**
   * @throws MissingSecret when a secret is not there yet
   * @throws Error of OpenSSL for unusable PEM
   */
  constructor(options: TlsTerminatorOptions, secrets: SecretSource) {
    this.#options = options;
    const { tls } = options;
    this.#server = createServer({
      allowHalfOpen: true,
      requestCert: tls.requireClientCertificate || tls.validation !== undefined,
      rejectUnauthorized: tls.requireClientCertificate,
      ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
      // With one certificate there is no choice to make, and the handshake need not stop to ask for it.
      ...(tls.certificateSecrets.length > 1
        ? {
            SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
              done(null, this.#contextFor(name)),
          }
        : {}),
      // Ours is absolute; Node's starts anew with every byte.
      handshakeTimeout: 0,
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => this.#secure(socket));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      this.#refuse(socket, refusalOf(error, socket));
    });
    this.update(secrets);
  }

  /**
   * Takes rotated secrets into use for new connections; established ones live on.
   *
   * @throws as the constructor; the old secrets stay in use then
   */
  update(secrets: SecretSource): void {
    const { tls } = this.#options;
    const certificates = tls.certificateSecrets.map((name) => certificateOf(secrets, name));
    const roots = tls.validation === undefined ? undefined : rootsOf(secrets, tls.validation.rootsSecret);
    const all = [...certificates, roots];
    if (all.length === this.#secrets.length && all.every((secret, at) => secret === this.#secrets[at]))
      return;
    const contexts = certificates.map((certificate) => ({
      certificate: new X509Certificate(certificate.chainPem),
      context: createSecureContext(contextOptions(tls, certificate, roots)),
    }));
    this.#server.setSecureContext(contextOptions(tls, certificates[0], roots));
    this.#contexts = contexts;
    this.#secrets = all;
  }

  /** Takes a connection over; what was read from it must have been put back. */
  accept(socket: Socket): void {
    const timer = this.#options.timers.timer(() => this.#refuse(socket, 'handshake timeout'));
    this.#handshaking.set(socket, timer);
    timer.start(this.#options.handshakeTimeoutMs ?? 5_000);
    socket.once('close', () => {
      // TLS learns of the end after its socket, and may know a better reason.
      setImmediate(() => this.#refuse(socket, 'closed during the handshake'));
    });
    this.#server.emit('connection', socket);
  }

  /** Connections whose handshake is under way. */
  get handshaking(): number {
    return this.#handshaking.size;
  }

  /** Ends the handshakes that are under way; established connections live on. */
  close(): void {
    for (const socket of this.#handshaking.keys()) socket.destroy();
  }

  #contextFor(name: string): SecureContext | undefined {
    if (this.#contexts.length < 2) return undefined;
    const covering = this.#contexts.find(({ certificate }) => certificate.checkHost(name) !== undefined);
    return (covering ?? this.#contexts[0])?.context;
  }

  #secure(socket: TLSSocket): void {
    const { tls } = this.#options;
    try {
      const certificate = peerCertificate(socket);
      if (certificate === undefined) {
        if (tls.requireClientCertificate) throw new IdentityError('no certificate was shown');
        this.#finish(socket, undefined);
        return;
      }
      if (!socket.authorized) throw new IdentityError(String(socket.authorizationError ?? 'not verified'));
      const peer = identityOf(certificate);
      if (tls.validation !== undefined) checkIdentity(peer, tls.validation);
      this.#finish(socket, peer);
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      this.#refuse(socket, error.message);
    }
  }

  #finish(socket: TLSSocket, peer: PeerIdentity | undefined): void {
    this.handshakes++;
    this.#forget(rawOf(socket));
    this.#options.onSecure(socket, peer);
  }

  #refuse(socket: Socket, reason: string): void {
    const raw = rawOf(socket);
    // Established, or refused already: then its end says nothing new.
    if (!this.#handshaking.has(raw)) return;
    this.#forget(raw);
    socket.on('error', ignore);
    socket.destroy();
    raw.destroy();
    this.refused++;
    this.#options.onRefused?.(reason);
  }

  #forget(raw: Socket): void {
    this.#handshaking.get(raw)?.stop();
    this.#handshaking.delete(raw);
  }
}

function refusalOf(error: NodeJS.ErrnoException, socket: TLSSocket): string {
  const verification: unknown = socket.authorizationError;
  if (verification !== null && verification !== undefined) return String(verification);
  return (error as { reason?: string }).reason ?? error.code ?? error.message;
}

function ignore(): void {}
