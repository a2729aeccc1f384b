import { z } from 'zod';
import { intOrString } from '../core/parts.ts';
import { error, type Finding } from '../finding.ts';
import { istioStatus } from '../istio/status.ts';
import type { ResourceKind } from '../kind.ts';
import { duration, durationOrZero } from '../schema/duration.ts';
import { isHostName, isIpAddress } from '../schema/host.ts';
import { message, options } from '../schema/message.ts';
import { port } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { checked, oneOf } from '../schema/rule.ts';

const identity = { group: 'tulle.dev', kind: 'HealthCheckPolicy', versions: ['v1alpha1'] } as const;

const payload = (what: string) =>
  checked(
    oneOf(
      options({
        text: z.string().min(1).describe('As text (UTF-8).'),
        binary: z.base64().min(1).describe('As base64.'),
      }),
      'text',
      'binary',
    ),
    'required',
    ({ text, binary }) => text !== undefined || binary !== undefined,
    () => 'must have text or binary',
  ).describe(what);

/** `200`, or `"200-299"`, both ends included. Undefined: no statuses. */
export function parseStatuses(written: string | number): { first: number; last: number } | undefined {
  const [, first, last = first] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(written)) ?? [];
  if (first === undefined || Number(first) > Number(last)) return undefined;
  return { first: Number(first), last: Number(last) };
}

const statuses = () =>
  z
    .array(
      checked(
        intOrString(),
        'wrong-value',
        (written) => parseStatuses(written) !== undefined,
        (written) =>
          `must be a status such as 200 or a range such as "200-299", not ${JSON.stringify(written)}`,
      ),
    )
    .max(64);

const http = message(
  {
    path: checked(
      z.string().max(8192),
      'invalid',
      (path) => /^\/[\x21-\x7e]*$/.test(path),
      (path) => `must begin with / and hold no spaces, not ${JSON.stringify(path)}`,
    ).describe('Path of the request, with its query.'),
  },
  {
    hostname: z.string().max(253).describe('The Host header; the service’s full name by default.'),
    method: z
      .enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])
      .describe('GET by default.'),
    headers: z
      .array(
        message(
          {
            name: checked(
              z.string(),
              'bad-header',
              (name) => /^[!#$&'*+.^_`|~0-9A-Za-z-]+$/.test(name),
              (name) => `must be a header name, not ${JSON.stringify(name)}`,
            ).describe('Name of the header.'),
            value: checked(
              z.string(),
              'bad-header',
              (value) => /^[\t\x20-\x24\x26-\x7e]*$/.test(value),
              (value) => `must be plain text without %, not ${JSON.stringify(value)}`,
            ).describe('Its value.'),
          },
          {},
        ),
      )
      .max(64)
      .describe('Headers of the request.'),
    expectedStatuses: statuses().describe(
      'Statuses of an endpoint that serves: numbers and ranges such as "200-299"; 200 by default. Any other takes the endpoint out at once.',
    ),
    retriableStatuses: statuses().describe('Statuses that count to the threshold, as no answer does.'),
    expectedResponse: payload('What the body must hold, within its first 1,024 bytes.'),
  },
);

const tcp = options({
  send: payload('What is sent when the connection is open.'),
  receive: z
    .array(payload('Bytes that must come.'))
    .max(16)
    .describe('What must come, in this order; without it a connection that opens is enough.'),
});

const grpc = options({
  service: z.string().max(253).describe('The service that is asked for; the server as a whole by default.'),
  authority: z.string().max(253).describe('The :authority; the service’s full name by default.'),
});

const threshold = () => z.int().min(1).max(1000);

const spec = checked(
  oneOf(
    message(
      {
        host: z
          .string()
          .describe(
            'The service: a short name (in the namespace of this resource), a full one, or a `*.` wildcard.',
          ),
      },
      {
        subset: z.string().describe('Only endpoints of this subset (DestinationRule); all by default.'),
        port: message({ number: port().describe('Number of the service’s port.') }, {}).describe(
          'Only this port of the service; all by default.',
        ),
        http: http.describe('An HTTP request; by HTTP/2 where the port speaks it.'),
        tcp: tcp.describe('A TCP connection. Between sidecars it opens when the other sidecar takes it.'),
        grpc: grpc.describe('The gRPC health protocol: grpc.health.v1.Health/Check.'),
        interval: duration().describe('Time between the checks of an endpoint; 3s by default.'),
        timeout: duration().describe('Time for an answer, connecting included; 1s by default.'),
        unhealthyInterval: duration().describe('Time between checks while it is out; `interval` by default.'),
        noTrafficInterval: duration().describe(
          'Time between checks of a proxy that has not called the service yet; 60s by default.',
        ),
        initialJitter: durationOrZero().describe(
          'The first check waits up to so long, at random; 0s by default.',
        ),
        intervalJitter: durationOrZero().describe(
          'Added to each interval, up to so much, at random; 0s by default.',
        ),
        intervalJitterPercent: z
          .int()
          .min(0)
          .max(100)
          .describe('Added to each interval, up to so many percent of it, at random; 0 by default.'),
        unhealthyThreshold: threshold().describe(
          'Failures in a row that take an endpoint out; 3 by default.',
        ),
        healthyThreshold: threshold().describe('Successes in a row that bring it back; 1 by default.'),
        reuseConnection: z
          .boolean()
          .describe('Whether the connection is kept from check to check; true by default.'),
      },
    ),
    'http',
    'tcp',
    'grpc',
  ),
  'required',
  ({ http, tcp, grpc }) => http !== undefined || tcp !== undefined || grpc !== undefined,
  () => 'must say what to ask: http, tcp or grpc',
);

const schema = resourceSchema(
  identity,
  { spec: spec.describe('How every caller asks the endpoints of a service whether they serve.') },
  { status: istioStatus },
);

export type HealthCheckPolicy = z.infer<typeof schema>;
export type HealthCheckPolicySpec = z.infer<typeof spec>;

function checkPolicy({ spec: { host, http } }: HealthCheckPolicy): Finding[] {
  const found: Finding[] = [];
  if (host === '' || !(isHostName(host, true) || isIpAddress(host)))
    found.push(
      error(
        'bad-host',
        ['spec', 'host'],
        `must be a host name such as "reviews" or "*.example.com", not ${JSON.stringify(host)}`,
      ),
    );
  if (http?.method === 'HEAD' && http.expectedResponse !== undefined)
    found.push(
      error('conflict', ['spec', 'http', 'expectedResponse'], 'never comes: the answer to HEAD has no body'),
    );
  return found;
}

export const healthCheckPolicy = {
  ...identity,
  plural: 'healthcheckpolicies',
  singular: 'healthcheckpolicy',
  shortNames: ['hcp'],
  categories: ['tulle'],
  namespaced: true,
  description: 'Active health checks: callers ask the endpoints of a service, and leave out those that fail.',
  schema,
  columns: [
    { name: 'Host', type: 'string', path: 'spec.host', description: 'The service whose endpoints are asked' },
    { name: 'Subset', type: 'string', path: 'spec.subset' },
    { name: 'Interval', type: 'string', path: 'spec.interval' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check: checkPolicy,
} satisfies ResourceKind<HealthCheckPolicy>;
