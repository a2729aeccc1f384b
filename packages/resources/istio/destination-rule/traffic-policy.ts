import { z } from 'zod';
import { durationOrZero } from '../../schema/duration.ts';
import { message, nullable, options } from '../../schema/message.ts';
import { double, portOrZero, uint32 } from '../../schema/number.ts';
import { clientTls } from './client-tls.ts';
import { connectionPool, outlierDetection } from './connection-pool.ts';
import { loadBalancer } from './load-balancer.ts';

const common = () => ({
  loadBalancer: loadBalancer().describe('How an endpoint is chosen.'),
  connectionPool: connectionPool().describe('Limits of connections and requests.'),
  outlierDetection: outlierDetection().describe('When an endpoint that fails is left out for a while.'),
  tls: clientTls().describe('TLS of the connections; the mesh’s own by default.'),
});

const portTrafficPolicy = options({
  port: options({ number: portOrZero().describe('Port number.') }).describe(
    'The port of the host that these hold for.',
  ),
  ...common(),
});
export type PortTrafficPolicy = z.infer<typeof portTrafficPolicy>;

export const trafficPolicy = () =>
  options({
    ...common(),
    portLevelSettings: z
      .array(portTrafficPolicy)
      .max(4096)
      .describe('Settings for single ports; they replace those of the whole host.'),
    tunnel: message(
      {
        targetHost: z.string().describe('Host to ask the proxy for.'),
        targetPort: portOrZero().describe('Port to ask the proxy for.'),
      },
      { protocol: z.string().describe('CONNECT or POST.') },
    ).describe('Tunnels connections through an HTTP proxy.'),
    proxyProtocol: options({ version: z.enum(['V1', 'V2']).describe('Version of the header.') }).describe(
      'Sends a PROXY protocol header.',
    ),
    retryBudget: options({
      percent: nullable(double().min(0).max(100)).describe(
        'Retries at once, in percent of requests; 20 by default.',
      ),
      minRetryConcurrency: uint32().describe('Retries at once that are always allowed; 3 by default.'),
      budgetInterval: durationOrZero().describe(
        'The time whose requests count, tries included; by default those under way do.',
      ),
    }).describe('Limits retries by a share of the requests.'),
  });
export type TrafficPolicy = z.infer<ReturnType<typeof trafficPolicy>>;
