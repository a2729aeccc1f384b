import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import type { ConnectionInfo } from '../http/connection-info.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { proxyTcp } from '../tcp/tcp-proxy.ts';
import type { DryProxy } from './dry-proxy.ts';

/** Hands a connection to the TCP proxy, up to where it would connect. Undefined attempts: it is refused. */
export function runDryBytes(proxy: DryProxy, config: TcpProxy, connection: ConnectionInfo): StreamInfo {
  const client = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  let seen: StreamInfo | undefined;
  proxyTcp(client as unknown as Socket, config, {
    context: proxy.context,
    outboxes: proxy.outboxes,
    info: connection,
    loggers: [
      (info) => {
        seen = info;
      },
    ],
  });
  // Still connecting: the client leaves, which is no fault of the connection's.
  const waiting = seen === undefined;
  client.emit('close');
  client.destroy();
  const info = seen as StreamInfo | undefined;
  if (info === undefined) throw new Error('the TCP proxy has not told of its connection');
  if (waiting) info.flags = info.flags.filter((flag) => flag !== 'DC');
  return info;
}
