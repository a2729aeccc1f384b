import type { SecureContext } from 'node:tls';

/** Who a server has shown to be; on a resumed connection it shows nothing. */
export interface ServerPeer {
  /** DER. */
  readonly certificate: Buffer;
  /** Wall clock in ms: when the certificate ends, and its sessions with it. */
  readonly notAfter: number;
}

/** A session that a server has offered. */
export interface ClientSession extends ServerPeer {
  /** As Node's `session` event gives it. */
  readonly ticket: Buffer;
}

/**
 * The latest session of each server, for the next connection to it. A session belongs to the secure context
 * under which it was made: with another identity, other roots or other settings there is another context, and
 * no session. Of servers beyond `limit` those that were used longest ago are forgotten.
 */
export class ClientSessions {
  readonly #limit: number;
  /** In the order of use. */
  readonly #byServer = new Map<
    string,
    { readonly context: SecureContext; readonly session: ClientSession }
  >();

  /** A session takes some 2 KiB. */
  constructor(limit = 1_024) {
    this.#limit = limit;
  }

  /** @param server address, port and name that the client asks for */
  get(server: string, context: SecureContext, now: number): ClientSession | undefined {
    const known = this.#byServer.get(server);
    if (known === undefined) return undefined;
    this.#byServer.delete(server);
    if (known.context !== context || known.session.notAfter <= now) return undefined;
    this.#byServer.set(server, known);
    return known.session;
  }

  set(server: string, context: SecureContext, session: ClientSession): void {
    this.#byServer.delete(server);
    this.#byServer.set(server, { context, session });
    if (this.#byServer.size <= this.#limit) return;
    for (const oldest of this.#byServer.keys()) {
      this.#byServer.delete(oldest);
      return;
    }
  }

  /** The server would not have it, or it was not what it seemed. */
  delete(server: string): void {
    this.#byServer.delete(server);
  }
}

/**
 * What one connection has to keep of sessions. TLS 1.2 offers them within the handshake, before the server is
 * known to be right; TLS 1.3 at any time after.
 */
export class SessionsOfConnection {
  readonly #sessions: ClientSessions;
  readonly #server: string;
  readonly #context: SecureContext;
  #offered: Buffer | undefined = undefined;
  #peer: ServerPeer | undefined = undefined;

  constructor(sessions: ClientSessions, server: string, context: SecureContext) {
    this.#sessions = sessions;
    this.#server = server;
    this.#context = context;
  }

  offer(ticket: Buffer): void {
    this.#offered = ticket;
    this.#keep();
  }

  /** The server was verified. */
  belongTo(peer: ServerPeer): void {
    this.#peer = peer;
    this.#keep();
  }

  #keep(): void {
    if (this.#offered === undefined || this.#peer === undefined) return;
    const { certificate, notAfter } = this.#peer;
    this.#sessions.set(this.#server, this.#context, { ticket: this.#offered, certificate, notAfter });
    this.#offered = undefined;
  }
}
