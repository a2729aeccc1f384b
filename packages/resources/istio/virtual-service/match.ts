import { z } from 'zod';
import { isIpOrCidr } from '../../schema/host.ts';
import { mapOf, message, options } from '../../schema/message.ts';
import { portOrZero } from '../../schema/number.ts';
import { checked } from '../../schema/rule.ts';
import { stringMatch } from '../string-match.ts';

const subnet = () =>
  checked(
    z.string(),
    'bad-address',
    isIpOrCidr,
    (text) => `must be an IP address or prefix such as "10.0.0.0/8", not ${JSON.stringify(text)}`,
  );

/** What all kinds of match have. */
const source = {
  port: portOrZero().describe('The port that the client addressed.'),
  sourceLabels: mapOf(z.string()).describe('Labels that the calling workload must have.'),
  sourceNamespace: z.string().describe('Namespace of the calling workload.'),
  gateways: z
    .array(z.string())
    .describe('Gateways where this match holds; those of the VirtualService by default.'),
};

/** HTTPMatchRequest: all its conditions must hold. */
export const httpMatch = options({
  name: z.string().describe('A name for logs and metrics.'),
  uri: stringMatch().describe('The path.'),
  scheme: stringMatch().describe('The scheme.'),
  method: stringMatch().describe('The method.'),
  authority: stringMatch().describe('The authority (Host header).'),
  headers: mapOf(stringMatch()).describe(
    'Headers, in lower case; an empty match means that the header is there.',
  ),
  withoutHeaders: mapOf(stringMatch()).describe('As `headers`, but none of them may match.'),
  queryParams: mapOf(stringMatch()).describe('Query parameters.'),
  ignoreUriCase: z.boolean().describe('Letters of `uri` match in either case (not for a regex).'),
  statPrefix: z.string().describe('Prefix of the statistics of this route.'),
  ...source,
});
export type HttpMatch = z.infer<typeof httpMatch>;

/** TLSMatchAttributes. */
export const tlsMatch = message(
  {
    sniHosts: z.array(z.string()).describe('Server names of the TLS handshake; `*.` stands for any labels.'),
  },
  { destinationSubnets: z.array(subnet()).describe('Addresses that the client connected to.'), ...source },
);
export type TlsMatch = z.infer<typeof tlsMatch>;

/** L4MatchAttributes. */
export const tcpMatch = options({
  destinationSubnets: z.array(subnet()).describe('Addresses that the client connected to.'),
  sourceSubnet: z.string().describe('Addresses of the client.'),
  ...source,
});
