import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Reply, RespError, RespParser } from './resp-parser.ts';

export interface RespTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
}

/** `redis://user:password@host:6379/0`; `rediss:` with TLS. @throws Error for another URL */
export function respTarget(url: string): RespTarget {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const database = pathname.replace(/^\//, '') || '0';
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    throw new Error('must begin with redis:// or rediss://');
  if (!/^\d{1,4}$/.test(database)) throw new Error(`/${database} is no database number`);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || 6379),
    tls: protocol === 'rediss:',
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    database: Number(database),
  };
}

interface Pending {
  /** Replies that are still to come. */
  left: number;
  readonly replies: Reply[];
  readonly resolve: (replies: readonly Reply[]) => void;
  readonly reject: (error: Error) => void;
}

const defaultPatienceMs = 1_000;
/** Pipelines that wait for their replies; more are refused. */
const mostPending = 10_000;

/**
 * A client of Redis or Valkey: one connection, commands pipelined in order. Made when it is needed, again after a failure.
 *
 * Closed ── pipeline ─▶ Open ── error, silence ─▶ Closed (all that waits is rejected)
 */
export class RespClient {
  readonly #target: RespTarget;
  readonly #patienceMs: number;
  #socket: Socket | undefined = undefined;
  #pending: Pending[] = [];

  /** @param patienceMs how long a server may take for a connection or a reply */
  constructor(target: RespTarget, patienceMs = defaultPatienceMs) {
    this.#target = target;
    this.#patienceMs = patienceMs;
  }

  /** @throws Error when the server can't be reached or says that a command is wrong */
  async pipeline(commands: readonly (readonly string[])[]): Promise<readonly Reply[]> {
    const replies = await this.#send(this.#open(), commands);
    for (const reply of replies) if (reply instanceof RespError) throw reply;
    return replies;
  }

  close(): void {
    this.#fail(this.#socket, new Error('closed'));
  }

  #open(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const { host, port, tls, username, password, database } = this.#target;
    const socket = tls ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
    this.#socket = socket;
    const parser = new RespParser();
    const onReply = (reply: Reply): void => this.#reply(reply);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk, onReply);
      } catch (error) {
        this.#fail(socket, error as Error);
      }
    });
    socket.on('error', (error) => this.#fail(socket, error));
    socket.once('close', () => this.#fail(socket, new Error('the server closed the connection')));
    socket.on('timeout', () => {
      if (this.#pending.length > 0) this.#fail(socket, new Error('the server does not answer'));
    });
    const hello = [
      ...(password === undefined ? [] : [['AUTH', ...(username === undefined ? [] : [username]), password]]),
      ...(database === 0 ? [] : [['SELECT', String(database)]]),
    ];
    if (hello.length > 0)
      this.#send(socket, hello).then(
        (replies) => {
          const wrong = replies.find((reply) => reply instanceof RespError);
          if (wrong !== undefined) this.#fail(socket, wrong);
        },
        () => {},
      );
    return socket;
  }

  #send(socket: Socket, commands: readonly (readonly string[])[]): Promise<readonly Reply[]> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length >= mostPending) {
        reject(new Error('too many commands wait for the server'));
        return;
      }
      this.#pending.push({ left: commands.length, replies: [], resolve, reject });
      socket.setTimeout(this.#patienceMs);
      socket.write(commands.map(encode).join(''));
    });
  }

  #reply(reply: Reply): void {
    const [first] = this.#pending;
    // From then on replies would be taken for those of other commands.
    if (first === undefined) throw new Error('the server answers what it was not asked');
    first.replies.push(reply);
    if (--first.left > 0) return;
    this.#pending.shift();
    if (this.#pending.length === 0) this.#socket?.setTimeout(0);
    first.resolve(first.replies);
  }

  #fail(socket: Socket | undefined, error: Error): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    socket?.destroy();
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join('')}`;
}
