import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { TimerWheel } from '../timers/wheel.ts';
import { MessageReader, withLength } from './framing.ts';
import { answers } from './message.ts';

export interface ForwarderParts {
  readonly wheel: TimerWheel;
  /** 16 unguessable bits for each question that leaves (RFC 5452 section 9.2). */
  readonly randomId: () => number;
  /** 53; tests have no right to it. */
  readonly port?: number;
}

export interface ForwardLimits {
  /** For all servers together. */
  readonly timeoutMs: number;
  readonly maxPending: number;
}

type Transport = 'udp' | 'tcp';
type Done = (response: Buffer | undefined) => void;
/** Ends an attempt: its socket and its timer. */
type Cancel = () => void;

/**
 * Asks other servers, one after the other, each within its share of the time. A question keeps its transport: an
 * answer that is too long for UDP comes back cut (TC), and its asker asks again over TCP.
 *
 * Every question leaves by a socket of its own, connected to the server, under a fresh id: an answer must come from
 * that server, to that port, with that id, to that question.
 */
export class Forwarder {
  pending = 0;
  readonly #parts: ForwarderParts;
  readonly #open = new Set<Cancel>();
  #closed = false;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
  }

  /**
   * @param section the question section of `query`
   * @param done called once: the response under the query's own id; undefined: nobody answered in time, or too many
   *   questions are under way
   */
  ask(
    query: Buffer,
    section: Buffer,
    transport: Transport,
    servers: readonly string[],
    limits: ForwardLimits,
    done: Done,
  ): void {
    if (this.pending >= limits.maxPending || servers.length === 0) {
      done(undefined);
      return;
    }
    this.pending++;
    const id = query.readUInt16BE(0);
    const finish: Done = (response) => {
      this.pending--;
      response?.writeUInt16BE(id, 0);
      done(response);
    };
    const shareMs = limits.timeoutMs / servers.length;
    const attempt = (at: number): void => {
      const server = this.#closed ? undefined : servers[at];
      if (server === undefined) {
        finish(undefined);
        return;
      }
      const own = Buffer.from(query);
      own.writeUInt16BE(this.#parts.randomId(), 0);
      this.#exchange(server, transport, own, section, shareMs, (response) => {
        if (response === undefined) attempt(at + 1);
        else finish(response);
      });
    };
    attempt(0);
  }

  /** What is under way ends without an answer. */
  close(): void {
    this.#closed = true;
    for (const cancel of [...this.#open]) cancel();
  }

  #exchange(
    server: string,
    transport: Transport,
    query: Buffer,
    section: Buffer,
    limitMs: number,
    done: Done,
  ): void {
    let over = false;
    const finish = (response?: Buffer): void => {
      if (over) return;
      over = true;
      timer.stop();
      this.#open.delete(cancel);
      close();
      done(response);
    };
    const cancel: Cancel = () => finish();
    const timer = this.#parts.wheel.timer(cancel);
    const onMessage = (message: Buffer): void => {
      if (answers(message, query, section)) finish(message);
    };
    const { port = 53 } = this.#parts;
    this.#open.add(cancel);
    timer.start(limitMs);
    const close =
      transport === 'udp'
        ? overUdp(server, port, query, onMessage, cancel)
        : overTcp(server, port, query, onMessage, cancel);
  }
}

function overUdp(
  server: string,
  port: number,
  query: Buffer,
  onMessage: (message: Buffer) => void,
  onEnd: Cancel,
): Cancel {
  const socket = createSocket({ type: isIPv6(server) ? 'udp6' : 'udp4' });
  socket.on('error', onEnd);
  socket.on('message', onMessage);
  socket.connect(port, server, (error?: Error) => {
    if (error === undefined) socket.send(query);
    else onEnd();
  });
  return () => {
    socket.removeAllListeners('message');
    socket.on('error', () => {});
    socket.close();
  };
}

function overTcp(
  server: string,
  port: number,
  query: Buffer,
  onMessage: (message: Buffer) => void,
  onEnd: Cancel,
): Cancel {
  const socket = connect({ host: server, port });
  const reader = new MessageReader(onMessage);
  socket.on('error', onEnd);
  socket.on('close', onEnd);
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.write(withLength(query));
  return () => socket.destroy();
}
