import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { testAuthority } from '@tulle/xds/test-authority.fixture';

/** What is outside the mesh: a server of plain HTTP and one of TLS, for `*.example.com`. */
export interface World {
  readonly port: number;
  readonly tlsPort: number;
  /** PEM of the roots that vouch for it. */
  readonly roots: string;
  close(): Promise<void>;
}

/** Answers with the scheme and host that it was asked by. */
export async function startWorld(): Promise<World> {
  const authority = await testAuthority({ name: 'world' });
  const { chainPem: cert, keyPem: key } = await authority.issue({ dnsNames: ['*.example.com'] });
  const answer =
    (scheme: string) =>
    ({ headers }: IncomingMessage, response: ServerResponse): void => {
      response.end(`${scheme} ${headers.host}`);
    };
  const servers = [createServer(answer('http')), createTlsServer({ cert, key }, answer('https'))] as const;
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const portOf = (server: (typeof servers)[number]): number => (server.address() as AddressInfo).port;
  return {
    port: portOf(servers[0]),
    tlsPort: portOf(servers[1]),
    roots: authority.rootPem,
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
}
