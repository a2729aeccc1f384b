/** Behind the gateway: HTTP that says who asks, TLS of its own, bytes that come back. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';

const { PORT_HTTP, PORT_TLS, PORT_TCP, CERTIFICATE = '', KEY = '' } = process.env;

const answer =
  (scheme: string) =>
  ({ headers }: IncomingMessage, response: ServerResponse): void => {
    // The last is the gateway's, by our own sidecar; one before it the client's, by the gateway.
    const subjects = [...String(headers['x-forwarded-client-cert']).matchAll(/Subject="([^"]*)"/g)];
    const client = subjects.length > 1 ? subjects[0]?.[1] : 'nobody';
    response.end(`${scheme} ${headers.host?.split(':')[0]} ${client}`);
  };

createServer(answer('http')).listen(Number(PORT_HTTP), '127.0.0.1');
createTlsServer({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) }, answer('https')).listen(
  Number(PORT_TLS),
  '127.0.0.1',
);
createTcpServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}).listen(Number(PORT_TCP), '127.0.0.1');
