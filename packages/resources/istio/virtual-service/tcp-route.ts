import { z } from 'zod';
import { message, options } from '../../schema/message.ts';
import { routeDestination } from './destination.ts';
import { tcpMatch, tlsMatch } from './match.ts';

/** TLSRoute: TLS connections that pass through, by server name. */
export const tlsRoute = message(
  { match: z.array(tlsMatch).describe('Any of these must hold.') },
  { route: z.array(routeDestination()).describe('Where the connections go.') },
);
export type TlsRoute = z.infer<typeof tlsRoute>;

/** TCPRoute: connections of which nothing is known but addresses. */
export const tcpRoute = options({
  match: z.array(tcpMatch).describe('Any of these must hold; always when absent.'),
  route: z.array(routeDestination()).describe('Where the connections go.'),
});
export type TcpRoute = z.infer<typeof tcpRoute>;
