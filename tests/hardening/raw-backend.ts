import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

/** What a backend heard on one connection. */
export class RawConnection {
  readonly socket: Socket;
  /** Whole requests, byte for byte. */
  readonly requests: string[] = [];
  /** Of a request that has not come to its end. */
  partial = '';
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  get heard(): string {
    return this.requests.join('') + this.partial;
  }
}

export interface RawBackend {
  readonly port: number;
  readonly connections: readonly RawConnection[];
  /** Of all connections, in the order in which they came to an end. */
  readonly requests: readonly string[];
  /** Connections that live. */
  readonly open: number;
  close(): Promise<void>;
}

/** Called for each whole request; what it says is its own business. */
export type Answer = (request: string, connection: RawConnection) => void;

/**
 * A TCP server that takes requests apart as simply as can be and keeps every byte: what it hears comes from our
 * proxy, which is to write nothing but CR LF, one Content-Length, or `Transfer-Encoding: chunked`.
 */
export async function rawBackend(
  answer: Answer = echo,
  onConnection: (connection: RawConnection) => void = () => {},
): Promise<RawBackend> {
  const connections: RawConnection[] = [];
  const requests: string[] = [];
  let open = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new RawConnection(socket);
    connections.push(connection);
    open++;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open--);
    socket.on('end', () => {
      connection.ended = true;
      socket.end();
    });
    socket.on('data', (chunk: Buffer) => {
      connection.partial += chunk.toString('latin1');
      for (
        let length = requestLength(connection.partial);
        length > 0;
        length = requestLength(connection.partial)
      ) {
        const request = connection.partial.slice(0, length);
        connection.partial = connection.partial.slice(length);
        connection.requests.push(request);
        requests.push(request);
        answer(request, connection);
      }
    });
    onConnection(connection);
  });
  // What a shorter queue has no room for, the kernel drops without a word: to the proxy it looks connected.
  const queue = { port: 0, host: '127.0.0.1', backlog: 4096 };
  await new Promise<void>((resolve) => server.listen(queue, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    requests,
    get open() {
      return open;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { socket } of connections) socket.destroy();
      }),
  };
}

/** Answers by what was asked: `GET /path`. */
export function echo(request: string, { socket }: RawConnection): void {
  const asked = request.slice(0, request.indexOf(' HTTP/'));
  const body = request.startsWith('HEAD ') ? '' : asked;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

/** Of the first whole request in `text`; 0: there is none. */
function requestLength(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const head = text.slice(0, headEnd);
  const bodyFrom = headEnd + 4;
  if (/^transfer-encoding: chunked$/im.test(head)) {
    let at = bodyFrom;
    for (;;) {
      const line = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 20));
      if (line === null) return 0;
      const size = Number.parseInt(line[1] as string, 16);
      at += line[0].length;
      if (size > 0) at += size + 2;
      else {
        const trailers = text.slice(at);
        const end = trailers.startsWith('\r\n') ? 2 : trailers.indexOf('\r\n\r\n') + 4;
        return end < 4 && end !== 2 ? 0 : at + end;
      }
    }
  }
  const length = bodyFrom + Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  return text.length >= length ? length : 0;
}
