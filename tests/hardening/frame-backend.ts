import { type AddressInfo, createServer, type Socket } from 'node:net';
import { clientPreface } from '@tulle/data-plane/http2/frames/frame';
import { FrameNarrator, settings, settingsAck } from '@tulle/data-plane/http2/testing/frames';

/** One connection from the proxy, frame by frame. */
class FrameConnection {
  readonly socket: Socket;
  /** As `FrameNarrator` tells them. */
  readonly heard: string[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(...frames: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }
}

export interface FrameBackend {
  readonly port: number;
  readonly connections: readonly FrameConnection[];
  /** Connections that live. */
  readonly open: number;
  close(): Promise<void>;
}

/** Called for each frame that starts with `HEADERS`; `id` is its stream. */
export type FrameAnswer = (connection: FrameConnection, id: number) => void;

/** A server of HTTP/2 that says exactly the frames it is told. @param greets false: not even SETTINGS */
export async function frameBackend(answer: FrameAnswer, greets = true): Promise<FrameBackend> {
  const connections: FrameConnection[] = [];
  let open = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new FrameConnection(socket);
    const narrator = new FrameNarrator();
    let rest = Buffer.alloc(0);
    let preface = clientPreface.length;
    connections.push(connection);
    open++;
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    socket.on('close', () => open--);
    if (greets) connection.send(settings(), settingsAck);
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      const skipped = Math.min(preface, rest.length);
      preface -= skipped;
      rest = rest.subarray(skipped);
      while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
        const length = 9 + rest.readUIntBE(0, 3);
        const [line = ''] = narrator.tell(rest.subarray(0, length));
        rest = rest.subarray(length);
        connection.heard.push(line);
        if (line.startsWith('HEADERS ')) answer(connection, Number(line.split(' ')[1]));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
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
