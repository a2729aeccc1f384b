import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Headers } from '@tulle/decision/headers';
import type {
  ConnectGrpc,
  GrpcConnection,
  GrpcStream,
  GrpcTarget,
  StreamHandler,
} from '@tulle/xds/client/transport';
import type { RequestHead } from '../http/stream.ts';
import { Http2Client } from '../http2/client.ts';
import { defaultHttp2Limits } from '../http2/limits.ts';
import { IdentityError, identityOf } from '../net/certificates/spiffe.ts';
import { Outboxes } from '../net/outbox.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';
import { GrpcCall } from './call.ts';

/**
 * From the first packet to the server's SETTINGS; what gRPC gives an attempt (doc/connection-backoff.md). A control plane that
 * all proxies of a mesh come back to lets them in one after the other: who gives up early only comes again.
 */
const connectTimeoutMs = 20_000;
/** Who has got through TLS may take as long to speak, if it answers PINGs. */
const limits = { ...defaultHttp2Limits, headTimeoutMs: connectTimeoutMs };
/** How soon a control plane that is gone without a word is noticed: every 10 s a PING, 5 s for any sign of life. */
const keepalive = { intervalMs: 10_000, timeoutMs: 5_000 };

/** Connects; never throws. What goes wrong ends the calls with `unavailable` and the reason. */
export function grpcConnector(wheel: TimerWheel): ConnectGrpc {
  const outboxes = new Outboxes();
  return (target) => new Http2GrpcConnection(target, wheel, outboxes);
}

const State = {
  /** TCP, TLS, the server's SETTINGS. */
  Connecting: 0,
  Open: 1,
  Closed: 2,
} as const;
type State = (typeof State)[keyof typeof State];

/**
 * One connection to the control plane.
 *
 * Connecting → Open; any → Closed
 */
class Http2GrpcConnection implements GrpcConnection {
  readonly #target: GrpcTarget;
  readonly #wheel: TimerWheel;
  readonly #outboxes: Outboxes;
  readonly #timer: Timer;
  #state: State = State.Connecting;
  /** Why it takes no more calls; empty while it does. */
  #reason = '';
  #socket: Socket | undefined = undefined;
  #client: Http2Client | undefined = undefined;
  /** Calls that have not begun. */
  readonly #waiting: GrpcCall[] = [];

  constructor(target: GrpcTarget, wheel: TimerWheel, outboxes: Outboxes) {
    this.#target = target;
    this.#wheel = wheel;
    this.#outboxes = outboxes;
    this.#timer = wheel.timer(() => this.#fail('no connection in time'));
    this.#timer.start(connectTimeoutMs);
    try {
      this.#socket = this.#connect();
    } catch (error) {
      // A key or certificate that OpenSSL does not take.
      this.#end((error as Error).message);
    }
  }

  #connect(): Socket {
    const { address: host, port, tls, serverIdentity } = this.#target;
    const socket =
      tls === undefined
        ? connectTcp({ host, port })
        : connectTls({
            host,
            port,
            ca: tls.ca,
            key: tls.key,
            cert: tls.cert,
            minVersion: 'TLSv1.3',
            ALPNProtocols: ['h2'],
            rejectUnauthorized: true,
            checkServerIdentity: (_host, certificate) => identityError(certificate.raw, serverIdentity),
          });
    socket.setNoDelay(true);
    // Before the codec's own, so that its streams learn the reason.
    socket.on('error', (error) => this.#end(error.message));
    socket.once('end', () => this.#end('connection closed'));
    socket.once('close', () => this.#end('connection closed'));
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => this.#speak(socket));
    return socket;
  }

  #speak(socket: Socket): void {
    if (this.#state === State.Closed) return;
    if ('alpnProtocol' in socket && socket.alpnProtocol !== 'h2') {
      this.#fail('the control plane does not speak HTTP/2');
      return;
    }
    this.#client = new Http2Client(socket, {
      limits,
      keepalive,
      timers: this.#wheel,
      outboxes: this.#outboxes,
      onAvailable: (client) => this.#serve(client),
      onDraining: () => this.#refuse('the control plane is going away'),
      onProblem: (problem) => {
        if (problem === 'no-pong') this.#refuse('the control plane does not answer');
      },
    });
  }

  /** Connecting → Open, and later a call more that can begin */
  #serve(client: Http2Client): void {
    if (this.#state === State.Connecting) {
      this.#state = State.Open;
      this.#timer.stop();
    }
    while (client.reusable) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      call.begin(client);
    }
  }

  open(path: string, metadata: Readonly<Record<string, string>>, handler: StreamHandler): GrpcStream {
    const call = new GrpcCall(this.#headOf(path, metadata), handler, () => this.#reason);
    if (this.#reason !== '') queueMicrotask(() => call.fail());
    else if (this.#client?.reusable) call.begin(this.#client);
    else this.#waiting.push(call);
    return call;
  }

  #headOf(path: string, metadata: Readonly<Record<string, string>>): RequestHead {
    const { address, port, tls } = this.#target;
    return {
      method: 'POST',
      path,
      authority: `${address.includes(':') ? `[${address}]` : address}:${port}`,
      scheme: tls === undefined ? 'http' : 'https',
      headers: Headers.of({ 'content-type': 'application/grpc', te: 'trailers', ...metadata }),
      protocol: 'HTTP/2',
    };
  }

  close(): void {
    this.#waiting.length = 0;
    this.#client?.close();
    // Else it says goodbye, and the codec waits a moment for the server to close.
    if (this.#client === undefined || this.#client.busy) this.#socket?.destroy();
    this.#end('closed');
  }

  #fail(why: string): void {
    this.#end(why);
    this.#socket?.destroy();
  }

  /** any → Closed; calls that have begun learn it from the codec. */
  #end(why: string): void {
    this.#state = State.Closed;
    this.#timer.stop();
    this.#refuse(why);
  }

  #refuse(why: string): void {
    this.#reason ||= why;
    for (const call of this.#waiting.splice(0)) call.fail();
  }
}

/** The server's one name must be its SPIFFE ID. Host names and addresses are not looked at: a control plane moves. */
function identityError(certificate: Buffer, wanted: string): Error | undefined {
  try {
    const shown = identityOf(certificate).spiffeId ?? 'no SPIFFE ID';
    if (shown === wanted) return undefined;
    return new IdentityError(`the control plane presents ${shown} instead of ${wanted}`);
  } catch (error) {
    return error as Error;
  }
}
