/**
 * `node echo-server.ts`: our HTTP/2 server on a free port of loopback: `/echo…` gives back what is sent, the
 * rest is answered a little later. In clear text or, with
 * `--tls KEY CERTIFICATE` (PEM files), by ALPN over TLS. Prints the port on a line.
 */
import { readFileSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { Outboxes } from '../../net/outbox.ts';
import { TimerWheel } from '../../timers/wheel.ts';
import { defaultHttp2Limits } from '../limits.ts';
import { Http2Server } from '../server.ts';
import { Echo } from './echo.ts';
import { Later } from './later.ts';

const outboxes = new Outboxes();
const timers = new TimerWheel();
const [mode, key, certificate] = process.argv.slice(2);
const secure = mode === '--tls' && key !== undefined && certificate !== undefined;

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  new Http2Server(socket, {
    limits: defaultHttp2Limits,
    timers,
    outboxes,
    scheme: secure ? 'https' : 'http',
    onRequest: (head, stream) =>
      head.path.startsWith('/echo') ? new Echo(stream) : new Later(stream, timers, 100),
  });
}

const server = secure
  ? tls.createServer(
      { key: readFileSync(key), cert: readFileSync(certificate), ALPNProtocols: ['h2'] },
      serve,
    )
  : net.createServer({ allowHalfOpen: true }, serve);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
