import { z } from 'zod';
import { duration, durationOrZero } from '../../schema/duration.ts';
import { mapOf, message, nullable, options } from '../../schema/message.ts';
import { double, uint32, uint64 } from '../../schema/number.ts';
import { oneOf } from '../../schema/rule.ts';

const failover = () =>
  z
    .array(
      options({
        from: z.string().describe('The region that fails.'),
        to: z.string().describe('The region that takes over.'),
      }),
    )
    .describe('Which region takes over from which.');

export const localityLbSetting = options({
  distribute: z
    .array(
      options({
        from: z.string().describe('Where the caller is: `region/zone/subzone`, with `*`.'),
        to: mapOf(uint32()).describe('Shares of the traffic by locality, in percent.'),
      }),
    )
    .describe('Shares of the traffic by locality.'),
  failover: failover(),
  failoverPriority: z.array(z.string()).describe('Labels by which endpoints are sorted into priorities.'),
  enabled: nullable(z.boolean()).describe('Whether locality counts.'),
});

/** Requests stay in the caller's zone, as far as it can carry them. */
export const zoneAwareLbSetting = options({
  enabled: nullable(z.boolean()).describe(
    'Whether requests stay in the caller’s zone, as far as its endpoints are as many as its callers; true by default.',
  ),
  failover: failover(),
  failoverPriority: z.array(z.string()).describe('Labels by which endpoints are sorted into priorities.'),
  minClusterSize: nullable(z.int().min(1).max(4_294_967_295)).describe(
    'Fewest healthy endpoints of the caller’s region for which zones count; 6 by default.',
  ),
});

const httpCookie = message(
  { name: z.string().describe('Name of the cookie.') },
  {
    path: z.string().describe('Path of the cookie.'),
    ttl: durationOrZero().describe('Life of a cookie that the proxy makes; 0s for a session cookie.'),
    attributes: z
      .array(
        message(
          { name: z.string().describe('Name of the attribute.') },
          { value: z.string().describe('Its value.') },
        ),
      )
      .describe('More attributes of the cookie.'),
  },
);

const hashKeys = ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'] as const;

const consistentHash = oneOf(
  oneOf(
    options({
      httpHeaderName: z.string().describe('By this header.'),
      httpCookie: httpCookie.describe('By this cookie.'),
      useSourceIp: z.boolean().describe('By the client’s address.'),
      httpQueryParameterName: z.string().describe('By this query parameter.'),
      ringHash: options({
        minimumRingSize: uint64().describe('Fewest places on the ring; 1024 by default.'),
      }).describe('A hash ring.'),
      maglev: options({ tableSize: uint64().describe('Size of the table, a prime.') }).describe(
        'A Maglev table.',
      ),
      minimumRingSize: uint64().describe('Deprecated: use ringHash.minimumRingSize.'),
    }),
    ...hashKeys,
  ),
  'ringHash',
  'maglev',
);
export type ConsistentHash = z.infer<typeof consistentHash>;

const backendUtilization = options({
  errorUtilizationPenaltyPercent: uint32().describe(
    'How much of their share errors add to the load, in percent; none by default.',
  ),
  metricNamesForComputingUtilization: z
    .array(z.string())
    .describe(
      'The metrics that count, the greatest of them: `cpu_utilization`, `mem_utilization`, `named_metrics.<name>`, `utilization.<name>`; else `application_utilization`, then `cpu_utilization`.',
    ),
  weightExpirationPeriod: durationOrZero().describe('How long a report holds; 3m by default.'),
  weightStabilizationPeriod: durationOrZero().describe(
    'How long reports must come before they count; 10s by default.',
  ),
  weightUpdatePeriod: durationOrZero().describe('How often weights are computed; 1s by default.'),
});

const warmup = message(
  { duration: duration().describe('How long a new endpoint is spared.') },
  {
    minimumPercent: nullable(double().min(0).max(100)).describe(
      'Share of the traffic at the start; 10 by default.',
    ),
    aggression: nullable(double().min(0)).describe('How fast the share grows; 1 is linear.'),
  },
);

export const loadBalancer = () =>
  oneOf(
    options({
      simple: z
        .enum(['UNSPECIFIED', 'LEAST_CONN', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST'])
        .describe(
          'LEAST_REQUEST (default), ROUND_ROBIN, RANDOM, or PASSTHROUGH to the address that the client chose.',
        ),
      consistentHash: consistentHash.describe('The same endpoint for the same client.'),
      backendUtilization: backendUtilization.describe(
        'In turn, by load that endpoints report in answers’ headers or trailers (ORCA, `endpoint-load-metrics`): more requests to who is used less.',
      ),
      localityLbSetting: localityLbSetting.describe('Preference by locality.'),
      zoneAwareLbSetting: zoneAwareLbSetting.describe(
        'Requests stay in the caller’s zone, as far as it can carry them; other regions are for when the own one fails.',
      ),
      warmup: warmup.describe('New endpoints get their full share only after a while.'),
      warmupDurationSecs: duration().describe('Deprecated: use warmup.'),
    }),
    'simple',
    'consistentHash',
    'backendUtilization',
  );
export type LoadBalancer = z.infer<ReturnType<typeof loadBalancer>>;
