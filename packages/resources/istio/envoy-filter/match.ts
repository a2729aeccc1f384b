import { z } from 'zod';
import { mapOf, options } from '../../schema/message.ts';
import { uint32 } from '../../schema/number.ts';
import { oneOf, withRules } from '../../schema/rule.ts';

const filterMatch = () =>
  options({
    name: z.string().describe('Name of the network filter.'),
    subFilter: options({ name: z.string().describe('Its name.') }).describe(
      'An HTTP filter within the HTTP connection manager.',
    ),
  });

const listener = () =>
  options({
    portNumber: uint32().describe('The port of the service, or of the gateway’s server.'),
    portName: z.string().describe('Without meaning, as in Istio.'),
    filterChain: options({
      name: z.string().describe('Name of the chain.'),
      sni: z.string().describe('A server name that the chain is for.'),
      transportProtocol: z.string().describe('`tls` or `raw_buffer`: the transport that the chain is for.'),
      transportSocket: z.string().describe('Name of the transport socket that the chain has.'),
      applicationProtocols: z
        .string()
        .describe('ALPN names that the chain is for, separated by commas: all of them.'),
      filter: filterMatch().describe('A filter in the chain.'),
      destinationPort: uint32().describe('The destination port that the chain is for.'),
    }).describe('Chains of the listener.'),
    listenerFilter: z.string().describe('Name of a listener filter.'),
    name: z
      .string()
      .describe(
        'Name of the listener. `virtualInbound` is any listener of a sidecar for what its application is asked.',
      ),
  });

const routeConfiguration = () =>
  options({
    portNumber: uint32().describe('The port of the service, or of the gateway’s server.'),
    portName: z.string().describe('Name of the port of a gateway’s server; for HTTPS.'),
    gateway: z.string().describe('`namespace/name` of a Gateway; for HTTPS.'),
    vhost: options({
      name: z.string().describe('Name of the virtual host: `host:port`.'),
      domainName: z.string().describe('A domain of the virtual host.'),
      route: options({
        name: z.string().describe('Name of the route.'),
        action: z
          .enum(['ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE'])
          .describe('What the route does with a request.'),
      }).describe('Routes of the virtual host.'),
    }).describe('Virtual hosts of the table.'),
    name: z.string().describe('Name of the route table.'),
  });

const cluster = () =>
  options({
    portNumber: uint32().describe('The port of the service.'),
    service: z.string().describe('The service’s full name.'),
    subset: z.string().describe('A subset of it.'),
    name: z.string().describe('Name of the cluster; nothing else is looked at then.'),
  });

const waypoint = () =>
  options({
    filter: filterMatch().describe('A filter.'),
    route: options({ name: z.string().describe('Name of the route.') }).describe('A route.'),
    portNumber: withRules(uint32(), {
      rule: '0 < self && self <= 65535',
      message: 'port must be between 1-65535',
      test: (port) => port > 0 && port <= 65535,
      explain: (port) => `must be a port number, not ${port}`,
    }).describe('The port of the service.'),
  });

/** What a patch is applied to. */
export const objectMatch = () =>
  withRules(
    oneOf(
      options({
        context: z
          .enum(['ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT'])
          .describe('On which side of which proxies; ANY by default.'),
        proxy: options({
          proxyVersion: z
            .string()
            .describe('Regular expression (RE2) for the version in the proxy’s metadata, ISTIO_VERSION.'),
          metadata: mapOf(z.string()).describe('Metadata that the proxy must have, all of it.'),
        }).describe('Proxies.'),
        listener: listener().describe('Listeners.'),
        routeConfiguration: routeConfiguration().describe('Route tables.'),
        cluster: cluster().describe('Clusters.'),
        waypoint: waypoint().describe('Waypoints, of which there are none here.'),
      }),
      'listener',
      'routeConfiguration',
      'cluster',
      'waypoint',
    ),
    {
      rule: 'has(self.context) ? ((self.context == "WAYPOINT") ? has(self.waypoint) : !has(self.waypoint)) : !has(self.waypoint)',
      message: 'only support waypointMatch when context is WAYPOINT',
      test: (match) => (match.context === 'WAYPOINT') === (match.waypoint !== undefined),
      explain: (match) =>
        match.waypoint === undefined ? 'needs waypoint with context: WAYPOINT' : 'needs context: WAYPOINT',
      at: (match) => (match.waypoint === undefined ? [] : ['waypoint']),
    },
  );

export type ObjectMatch = z.infer<ReturnType<typeof objectMatch>>;
