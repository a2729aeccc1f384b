import type { Socket } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import type { UpstreamTls } from '@tulle/decision/tables/tls';
import { rememberPeer } from '../certificates/peer-certificate.ts';
import { checkIdentity, IdentityError, identityOf } from '../certificates/spiffe.ts';
import { TlsCounters, type TlsRefusal } from './counters.ts';
import { ContextCache, type SecretSource } from './material.ts';
import { ClientSessions, type ServerPeer, SessionsOfConnection } from './sessions.ts';
import type { TrustedConnections } from './trusted-connections.ts';

export interface StartTlsCallbacks {
  onSecure(socket: TLSSocket): void;
  /** Why not, in words for the access log; the socket is destroyed. */
  onFailed(detail: string): void;
}

/** Wraps a connected socket in TLS; calls back once. */
export type StartTls = (socket: Socket, tls: UpstreamTls, callbacks: StartTlsCallbacks) => void;

export interface TlsClientOptions {
  /** Told of every connection whose server was verified. */
  readonly trusted?: TrustedConnections;
  /** Milliseconds since the epoch. */
  readonly wallNow?: () => number;
}

/**
 * The client side of TLS. With a validation the server must show a certificate of its roots whose names
 * are accepted; host names are not looked at. Without one any server is accepted, as Envoy does.
 */
export class TlsClient {
  readonly #secrets: SecretSource;
  readonly #trusted: TrustedConnections | undefined;
  readonly #wallNow: () => number;
  readonly #contexts = new ContextCache();
  readonly #sessions = new ClientSessions();
  readonly #counters = new WeakMap<UpstreamTls, TlsCounters>();

  constructor(secrets: SecretSource, { trusted, wallNow = Date.now }: TlsClientOptions = {}) {
    this.#secrets = secrets;
    this.#trusted = trusted;
    this.#wallNow = wallNow;
  }

  /** Handshakes of connections that were made by these settings. */
  countersOf(tls: UpstreamTls): TlsCounters {
    let counters = this.#counters.get(tls);
    if (counters === undefined) {
      counters = new TlsCounters();
      this.#counters.set(tls, counters);
    }
    return counters;
  }

  readonly start: StartTls = (socket, tls, callbacks) => {
    const counters = this.countersOf(tls);
    let settled = false;
    const fail = (refusal: TlsRefusal, detail: string): void => {
      if (settled) return;
      settled = true;
      counters.refused[refusal]++;
      socket.destroy();
      callbacks.onFailed(detail);
    };
    let context: SecureContext;
    try {
      context = this.#contexts.clientContext(tls, this.#secrets);
    } catch (error) {
      fail('connection-error', (error as Error).message);
      return;
    }
    const server = serverKey(socket, tls);
    const session = server === '' ? undefined : this.#sessions.get(server, context, this.#wallNow());
    const secured = connect({
      socket,
      secureContext: context,
      servername: tls.sni,
      // An empty list is not the same as none to OpenSSL.
      ...(tls.alpn.length > 0 ? { ALPNProtocols: [...tls.alpn] } : {}),
      ...(session === undefined ? {} : { session: session.ticket }),
      rejectUnauthorized: tls.validation !== undefined,
      checkServerIdentity: (_host, certificate) => identityProblem(certificate.raw, tls),
    });
    const kept = server === '' ? undefined : new SessionsOfConnection(this.#sessions, server, context);
    if (kept !== undefined) secured.on('session', (ticket: Buffer) => kept.offer(ticket));
    const onError = (error: NodeJS.ErrnoException): void => {
      if (server !== '') this.#sessions.delete(server);
      fail(refusalOf(error, secured), describe(error));
    };
    const onClose = (): void =>
      fail('connection-error', 'the server closed the connection during the TLS handshake');
    secured.on('error', onError);
    secured.once('close', onClose);
    secured.once('secureConnect', () => {
      if (settled) {
        secured.destroy();
        return;
      }
      const resumed = secured.isSessionReused() ? session : undefined;
      if (resumed !== undefined) {
        rememberPeer(secured, resumed.certificate);
        // Node asks who the server is when it shows its certificate, not when its session is resumed.
        const problem = identityProblem(resumed.certificate, tls);
        if (problem !== undefined) {
          onError(problem);
          return;
        }
      }
      settled = true;
      secured.off('close', onClose);
      secured.off('error', onError);
      counters.handshakes++;
      if (resumed !== undefined) counters.sessionsReused++;
      const peer = resumed ?? peerOf(secured);
      if (peer !== undefined) {
        if (tls.validation !== undefined) this.#trusted?.add(secured, peer.certificate, () => tls.validation);
        kept?.belongTo(peer);
      }
      callbacks.onSecure(secured);
    });
  };
}

function peerOf(secured: TLSSocket): ServerPeer | undefined {
  const shown = secured.getPeerX509Certificate();
  return shown && { certificate: shown.raw, notAfter: shown.validToDate.getTime() };
}

/** Whom a session is kept for. Empty: the address is not known, or sessions are not wanted. */
function serverKey({ remoteAddress, remotePort }: Socket, { sni, resumeSessions }: UpstreamTls): string {
  return resumeSessions && remoteAddress !== undefined ? `${remoteAddress} ${remotePort} ${sni}` : '';
}

function identityProblem(certificate: Buffer, { validation }: UpstreamTls): IdentityError | undefined {
  if (validation === undefined) return undefined;
  try {
    checkIdentity(identityOf(certificate), validation);
    return undefined;
  } catch (error) {
    if (error instanceof IdentityError) return error;
    throw error;
  }
}

function refusalOf(error: Error, secured: TLSSocket): TlsRefusal {
  if (error instanceof IdentityError) return 'verify-name';
  const verification: unknown = secured.authorizationError;
  return verification === null || verification === undefined ? 'connection-error' : 'verify-error';
}

/** OpenSSL's reason without its file and line. */
function describe(error: NodeJS.ErrnoException): string {
  const reason = (error as { reason?: string }).reason;
  return `TLS: ${reason ?? error.code ?? error.message}${error.name === 'IdentityError' ? ` (${error.message})` : ''}`;
}
