import type { Socket } from 'node:net';
import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Connector, Target } from '../connector.ts';
import type { EndpointState } from '../endpoint.ts';
import type { ClientConnection, OpenClientCodec } from '../pool/client-connection.ts';
import type { PoolProtocol } from '../pool/lease.ts';
import { prefaceFor } from '../transport.ts';
import type { Outcome } from './verdict.ts';

/** Asks one endpoint, one question at a time. */
export interface Probe {
  /** `onOutcome` is called once, later, unless the question is abandoned. */
  ask(onOutcome: (outcome: Outcome) => void): void;
  /** Takes a question back, and closes the connection. */
  abandon(): void;
}

/** Whom to ask, and by what means. */
export interface ProbeSubject {
  readonly endpoint: EndpointState;
  /** As it is now. */
  readonly cluster: () => Cluster;
  readonly connector: Connector;
  readonly openCodec: OpenClientCodec;
  readonly timeoutMs: number;
}

/** Where the endpoint is asked: its own address, unless it names another for checks. */
function targetOf({ target, config }: EndpointState): Target {
  const { address, port } = config.healthCheck ?? {};
  if (address === undefined && port === undefined) return target;
  return { host: address ?? config.address, port: port ?? config.port };
}

/** What tells whether an open connection still leads where the endpoint is to be asked. */
function placeOf({ endpoint, cluster }: ProbeSubject): string {
  const { address = '', port = '' } = endpoint.config.healthCheck ?? {};
  return `${endpoint.transportOf(cluster()).key} ${address} ${port}`;
}

/** Connects as the endpoint's own transport has it. Returns what cancels. */
export function dial(
  subject: ProbeSubject,
  protocol: PoolProtocol | 'bytes',
  onConnected: (socket: Socket) => void,
  onFailed: () => void,
): () => void {
  const transport = subject.endpoint.transportOf(subject.cluster());
  const tls = protocol === 'bytes' ? transport.tls : transport.pools[protocol].tls;
  const target = targetOf(subject.endpoint);
  const preface = prefaceFor(transport, undefined);
  return subject.connector(target, tls, subject.timeoutMs, { onConnected, onFailed }, preface);
}

/**
 * The one connection of an HTTP probe, which lives from check to check where it may.
 *
 * Closed ── use ─▶ Opening (TCP, TLS, SETTINGS) ─▶ Open ─▶ Closed
 */
export class ProbeConnection {
  readonly #subject: ProbeSubject;
  readonly #http2: boolean;
  #connection: ClientConnection | undefined = undefined;
  #place = '';
  #cancel: (() => void) | undefined = undefined;
  #socket: Socket | undefined = undefined;

  constructor(subject: ProbeSubject, http2: boolean) {
    this.#subject = subject;
    this.#http2 = http2;
  }

  /** Exactly one of both is called, at once or later, unless `close` comes first. */
  use(onReady: (connection: ClientConnection) => void, onFailed: () => void): void {
    const place = placeOf(this.#subject);
    if (this.#connection !== undefined && this.#connection.available > 0 && place === this.#place) {
      onReady(this.#connection);
      return;
    }
    this.close();
    this.#place = place;
    let waiting = true;
    const fail = (): void => {
      if (!waiting) return;
      waiting = false;
      onFailed();
    };
    const offer = (connection: ClientConnection | undefined): void => {
      if (!waiting || connection === undefined || connection.available === 0) return;
      waiting = false;
      onReady(connection);
    };
    this.#cancel = dial(
      this.#subject,
      this.#http2 ? 'http2' : 'http1',
      (socket) => {
        this.#socket = socket;
        const forget = (): void => {
          if (this.#connection === connection) this.#connection = undefined;
          fail();
        };
        const connection: ClientConnection = this.#subject.openCodec(
          socket,
          this.#http2 ? this.#subject.cluster().http2 : undefined,
          { onAvailable: () => offer(connection), onDraining: forget, onClose: forget },
        );
        this.#connection = connection;
        offer(connection);
      },
      fail,
    );
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#connection = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
