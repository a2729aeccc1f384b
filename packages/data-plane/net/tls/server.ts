import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import type { Timer, TimerWheel } from '../../timers/wheel.ts';
import {
  checkIdentity,
  IdentityError,
  identityOf,
  type PeerIdentity,
  strangerOf,
} from '../certificates/spiffe.ts';
import { rawOf } from '../raw-socket.ts';
import { CertificateChoice } from './certificate-choice.ts';
import { TlsCounters, type TlsRefusal } from './counters.ts';
import {
  type CertificateSecret,
  certificateOf,
  contextOptions,
  ownSecret,
  revocationsOf,
  type SecretSource,
  type Trust,
  trustOf,
} from './material.ts';
import { sessionScope } from './session-scope.ts';

export interface TlsTerminatorOptions {
  readonly tls: DownstreamTls;
  readonly timers: TimerWheel;
  /** Envoy's default for a transport socket's connect is 15 s; a mesh's peers are near. */
  readonly handshakeTimeoutMs?: number;
  /** Counts on where an earlier terminator has stopped. */
  readonly counters?: TlsCounters;
  /** Milliseconds since the epoch. */
  readonly wallNow?: () => number;
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
  readonly counters: TlsCounters;
  readonly #options: TlsTerminatorOptions;
  readonly #handshaking = new Map<Socket, Timer>();
  #secrets: readonly unknown[] = [];
  /** Assigned by the first `update`. */
  #fallback!: Server;
  #choice!: CertificateChoice<Server>;

  /**
   * @throws MissingSecret when a secret is not there yet
   * @throws Error of OpenSSL for unusable PEM
   */
  constructor(options: TlsTerminatorOptions, secrets: SecretSource) {
    this.#options = options;
    this.counters = options.counters ?? new TlsCounters();
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
    const trust = trustOf(secrets, tls.validation);
    const own = tls.sessionTimeoutMs === 0 ? undefined : secrets.get(ownSecret);
    const all = [...certificates, ...trust, own];
    if (all.length === this.#secrets.length && all.every((secret, at) => secret === this.#secrets[at]))
      return;
    const sessions = sessionsOf(tls, own, certificates, trust);
    const serverFor = (shown: readonly CertificateSecret[]): Server =>
      this.#newServer({
        ...contextOptions(tls, shown, trust, sessions === undefined ? 'no-tickets' : 'tickets'),
        ...sessions,
      });
    const choice = new CertificateChoice(certificates, serverFor);
    this.#fallback = serverFor(choice.fallback);
    this.#choice = choice;
    this.#secrets = all;
  }

  /** One for each set of certificates: of the contexts that an SNICallback gives, Node uses one certificate alone. */
  #newServer(context: SecureContextOptions): Server {
    const { tls } = this.#options;
    const server = createServer({
      ...context,
      allowHalfOpen: true,
      requestCert: tls.requireClientCertificate || tls.validation !== undefined,
      rejectUnauthorized: tls.requireClientCertificate && tls.validation?.acceptUntrusted !== true,
      ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
      // Ours is absolute; Node's starts anew with every byte.
      handshakeTimeout: 0,
    });
    server.on('secureConnection', (socket: TLSSocket) => this.#secure(socket));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const verification: unknown = socket.authorizationError;
      if (verification !== null && verification !== undefined) {
        this.#refuse(socket, 'verify-error', String(verification));
        return;
      }
      const { reason = error.code ?? error.message } = error as { reason?: string };
      this.#refuse(socket, reason === noCertificate ? 'no-certificate' : 'connection-error', reason);
    });
    return server;
  }

  /**
   * Takes a connection over; what was read from it must have been put back.
   *
   * @param serverName that the client asks for, as its ClientHello was read; only the certificate depends on it
   */
  accept(socket: Socket, serverName: string): void {
    const timer = this.#options.timers.timer(() => this.#refuse(socket, 'timeout', 'handshake timeout'));
    this.#handshaking.set(socket, timer);
    timer.start(this.#options.handshakeTimeoutMs ?? 5_000);
    socket.once('close', () => {
      if (!this.#handshaking.has(socket)) return;
      // TLS learns of the end after its socket, and may know a better reason.
      setImmediate(() => this.#refuse(socket, 'connection-error', 'closed during the handshake'));
    });
    (this.#choice.for(serverName) ?? this.#fallback).emit('connection', socket);
  }

  /** Connections whose handshake is under way. */
  get handshaking(): number {
    return this.#handshaking.size;
  }

  /** Ends the handshakes that are under way; established connections live on. */
  close(): void {
    for (const socket of this.#handshaking.keys()) socket.destroy();
  }

  #secure(socket: TLSSocket): void {
    const { tls, wallNow = Date.now } = this.#options;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      if (tls.requireClientCertificate) this.#refuse(socket, 'no-certificate', 'no certificate was shown');
      else {
        this.counters.withoutCertificate++;
        this.#finish(socket, undefined);
      }
      return;
    }
    const anybody = tls.validation?.acceptUntrusted === true;
    if (!socket.authorized && !anybody) {
      this.#refuse(socket, 'verify-error', String(socket.authorizationError ?? 'not verified'));
      return;
    }
    // OpenSSL looks at dates when a certificate is shown, not when its session is resumed.
    if (!anybody && socket.isSessionReused() && certificate.validToDate.getTime() <= wallNow()) {
      this.#refuse(socket, 'verify-error', 'CERT_HAS_EXPIRED');
      return;
    }
    try {
      const peer = anybody ? strangerOf(certificate.raw) : identityOf(certificate.raw);
      if (!anybody && tls.validation !== undefined) checkIdentity(peer, tls.validation);
      this.#finish(socket, peer);
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      this.#refuse(socket, 'verify-name', error.message);
    }
  }

  #finish(socket: TLSSocket, peer: PeerIdentity | undefined): void {
    this.counters.handshakes++;
    if (socket.isSessionReused()) this.counters.sessionsReused++;
    this.#forget(rawOf(socket));
    this.#options.onSecure(socket, peer);
  }

  #refuse(socket: Socket, refusal: TlsRefusal, reason: string): void {
    const raw = rawOf(socket);
    // Established, or refused already: then its end says nothing new.
    if (!this.#handshaking.has(raw)) return;
    this.#forget(raw);
    socket.on('error', ignore);
    socket.destroy();
    raw.destroy();
    this.counters.refused[refusal]++;
    this.#options.onRefused?.(reason);
  }

  #forget(raw: Socket): void {
    this.#handshaking.get(raw)?.stop();
    this.#handshaking.delete(raw);
  }
}

/** OpenSSL's words. */
const noCertificate = 'peer did not return a certificate';

/** Undefined: none may be resumed, by configuration or for want of a key of our own. */
function sessionsOf(
  { requireClientCertificate, sessionTimeoutMs }: DownstreamTls,
  own: SecretTable | undefined,
  certificates: readonly CertificateSecret[],
  trust: Trust,
): SecureContextOptions | undefined {
  if (own?.kind !== 'certificate') return undefined;
  const { ticketKeys, idContext } = sessionScope({
    ownKeyPem: own.keyPem,
    certificates: certificates.map(({ chainPem }) => chainPem),
    roots: trust[0]?.pem ?? '',
    revoked: revocationsOf(trust),
    requireClientCertificate,
  });
  return { ticketKeys, sessionIdContext: idContext, sessionTimeout: Math.ceil(sessionTimeoutMs / 1_000) };
}

function ignore(): void {}
