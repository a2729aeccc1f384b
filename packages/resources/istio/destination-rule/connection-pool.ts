import { z } from 'zod';
import { duration, durationOrZero } from '../../schema/duration.ts';
import { nullable, options } from '../../schema/message.ts';
import { int32, uint32 } from '../../schema/number.ts';

export const tcpKeepalive = () =>
  options({
    probes: uint32().describe('Unanswered probes after which a connection is dead.'),
    time: duration().describe('Idle time before the first probe.'),
    interval: duration().describe('Time between probes.'),
  });

export const connectionPool = () =>
  options({
    tcp: options({
      maxConnections: int32().describe('Most connections to the host.'),
      connectTimeout: duration().describe('Time to connect; 10s by default.'),
      tcpKeepalive: tcpKeepalive().describe('TCP keep-alive.'),
      maxConnectionDuration: duration().describe('Longest life of a connection.'),
      idleTimeout: durationOrZero().describe(
        'Idle time after which a TCP connection is closed; 0s turns it off.',
      ),
    }).describe('For TCP, and for the connections under HTTP.'),
    http: options({
      http1MaxPendingRequests: int32().describe('Most requests that wait for a connection.'),
      http2MaxRequests: int32().describe('Most requests at once.'),
      maxRequestsPerConnection: int32().describe(
        'Requests after which a connection is replaced; 1 turns keep-alive off.',
      ),
      maxRetries: int32().describe('Most retries at once.'),
      idleTimeout: duration().describe('Idle time after which a pooled connection is closed; 1h by default.'),
      h2UpgradePolicy: z
        .enum(['DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'])
        .describe('Whether HTTP/1.1 becomes HTTP/2.'),
      useClientProtocol: z.boolean().describe('The client’s protocol is kept.'),
      maxConcurrentStreams: int32().describe('Most streams on an HTTP/2 connection.'),
      http2KeepAlive: options({
        interval: duration().describe('Time between pings.'),
        timeout: duration().describe('Time for an answer.'),
      }).describe('Pings on HTTP/2 connections.'),
    }).describe('For HTTP.'),
  });
export type ConnectionPool = z.infer<ReturnType<typeof connectionPool>>;

export const outlierDetection = () =>
  options({
    consecutive5xxErrors: nullable(uint32()).describe(
      '5xx in a row after which an endpoint is ejected; 5 by default, 0 turns it off.',
    ),
    consecutiveGatewayErrors: nullable(uint32()).describe(
      '502, 503 or 504 in a row after which an endpoint is ejected.',
    ),
    consecutiveLocalOriginFailures: nullable(uint32()).describe(
      'Failures to reach it in a row after which an endpoint is ejected.',
    ),
    splitExternalLocalOriginErrors: z.boolean().describe('Failures to reach an endpoint are counted apart.'),
    interval: duration().describe('Time between looks; 10s by default.'),
    baseEjectionTime: duration().describe('Shortest ejection; it grows with each one; 30s by default.'),
    maxEjectionPercent: int32().describe('Most endpoints that may be ejected, in percent; 10 by default.'),
    minHealthPercent: int32().describe(
      'Ejection stops counting when fewer endpoints than this are healthy, in percent; 0 by default.',
    ),
    consecutiveErrors: int32().describe('Deprecated: use consecutive5xxErrors.'),
    outlierDetectionHttpErrorCodes: z
      .array(z.int().min(100).max(599))
      .describe('Statuses that count as errors.'),
  });
export type OutlierDetection = z.infer<ReturnType<typeof outlierDetection>>;
