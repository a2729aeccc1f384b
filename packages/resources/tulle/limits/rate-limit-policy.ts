import { z } from 'zod';
import { condition } from '../../core/parts.ts';
import { error, type Finding } from '../../finding.ts';
import { claimPath } from '../../istio/claim-path.ts';
import { stringMatch } from '../../istio/string-match.ts';
import type { ResourceKind } from '../../kind.ts';
import { duration, parseDuration } from '../../schema/duration.ts';
import { mapOf, message, options } from '../../schema/message.ts';
import { dnsLabel } from '../../schema/name.ts';
import { percentValue, port, uint32 } from '../../schema/number.ts';
import { resourceSchema } from '../../schema/resource.ts';
import { checked, oneOf, uniqueBy } from '../../schema/rule.ts';
import { checkTarget, targetFields } from './target.ts';

const identity = { group: 'tulle.dev', kind: 'RateLimitPolicy', versions: ['v1alpha1'] } as const;

const isHeaderName = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name);

/** One by which is counted stands between percent signs in what proxies get. */
const headerName = () =>
  checked(
    z.string(),
    'bad-header',
    (name) => isHeaderName(name) && !name.includes('%'),
    (name) =>
      `must be a header’s name${name.includes('%') ? ' without "%"' : ''}, not ${JSON.stringify(name)}`,
  );

const count = () => uint32().min(1);

const perHeader = (what: string) =>
  checked(
    mapOf(stringMatch()),
    'bad-header',
    (headers) => Object.keys(headers).every(isHeaderName),
    (headers) =>
      `must have header names as keys, not ${Object.keys(headers).find((name) => !isHeaderName(name))}`,
  ).describe(what);

const match = options({
  methods: z
    .array(z.string().regex(/^[A-Z]+$/))
    .min(1)
    .describe('HTTP methods, such as GET.'),
  path: stringMatch().describe('The path, without query.'),
  host: stringMatch().describe('The host, as the request names it (with its port, where it has one).'),
  headers: perHeader('Header fields, all of them; an empty match means that the field is there.'),
  withoutHeaders: perHeader('Header fields that must not match.'),
});

const by = oneOf(
  options({
    header: headerName().describe(
      'The value of this header field. Requests without it are counted together.',
    ),
    clientAddress: options({
      ipv4PrefixLength: z.int().min(1).max(32).describe('Count a network together; 32: each address.'),
      ipv6PrefixLength: z.int().min(1).max(128).describe('Count a network together; 128: each address.'),
    }).describe('The client’s IP address, as trusted proxies tell it.'),
    identity: options({}).describe(
      'The caller’s SPIFFE ID, as its certificate shows. Callers without one are counted together.',
    ),
    destination: options({}).describe('The service that is called, as host and port.'),
    method: options({}).describe('The HTTP method.'),
    jwtClaim: checked(
      z.string(),
      'bad-name',
      (name) => claimPath(name) !== undefined,
      (name) => `must be a claim such as sub, org.team or [org][team], not ${JSON.stringify(name)}`,
    ).describe(
      'A claim of the verified token (RequestAuthentication) that is a text: sub; org.team is the claim team in org. Requests without it are counted together.',
    ),
  }),
  'header',
  'clientAddress',
  'identity',
  'destination',
  'method',
  'jwtClaim',
);

const limit = message(
  {
    name: dnsLabel().describe('Its name within the policy: for metrics and for the rate limit service.'),
    requests: count().describe('How many requests there may be in each `per`.'),
    per: duration().describe('The time that they are for, 50ms or more; MESH: whole seconds.'),
  },
  {
    burst: count().describe(
      'How many may come at once; `requests` by default. Not for MESH, which counts by windows.',
    ),
    match: match.describe('The requests that are counted; all by default.'),
    by: z
      .array(by)
      .min(1)
      .max(8)
      .describe('What tells requests apart: each combination of values has a limit of its own.'),
    overrides: z
      .array(
        message(
          {
            values: z.array(z.string()).min(1).describe('A value for each item of `by`, in order.'),
            requests: count().describe('How many requests there may be in each `per`.'),
          },
          { burst: count().describe('How many may come at once; `requests` by default.') },
        ),
      )
      .max(1000)
      .describe('Other limits for values that are named.'),
  },
);

/** Refusals that Envoy has names for. */
const statuses = [
  400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423,
  424, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

const response = options({
  status: checked(
    z.int(),
    'out-of-range',
    (status) => statuses.includes(status),
    (status) => `must be a registered status of 400 or more, not ${status}`,
  ).describe('Status of refused requests; 429 by default.'),
  grpcStatus: z
    .enum(['UNAVAILABLE', 'RESOURCE_EXHAUSTED'])
    .describe(
      'Status of refused gRPC calls: UNAVAILABLE (the default, as Envoy), which clients retry, or RESOURCE_EXHAUSTED.',
    ),
  headers: checked(
    mapOf(z.string(), { maxProperties: 9 }),
    'bad-header',
    (headers) =>
      Object.entries(headers).every(([name, value]) => isHeaderName(name) && /^[^\0\r\n]*$/.test(value)),
    () => 'must be header names and values without line breaks',
  ).describe('Fields that refused requests are answered with, beside `x-envoy-ratelimited: true`.'),
  retryAfter: z
    .boolean()
    .describe('Refusals say in Retry-After when to come again, in seconds; true by default.'),
  rateLimitHeaders: z
    .enum(['NONE', 'X_RATELIMIT', 'RATELIMIT_DRAFT_03', 'RATELIMIT'])
    .describe(
      'What every response says of the limit. NONE (the default); X_RATELIMIT: x-ratelimit-limit, -remaining and -reset, as Envoy; RATELIMIT_DRAFT_03: the same fields without x-; RATELIMIT: RateLimit and RateLimit-Policy of the IETF’s newest draft. The last two need our own proxy.',
    ),
});

const spec = message(
  {
    limits: uniqueBy(z.array(limit).min(1).max(64), 'name').describe(
      'The limits; a request must keep all that count it.',
    ),
  },
  {
    ...targetFields,
    scope: z
      .enum(['PROXY', 'CONNECTION', 'MESH'])
      .describe(
        'Who counts together. PROXY (the default): each proxy for itself, all its workers together; CONNECTION: each connection; MESH: all proxies, through the rate limit service.',
      ),
    mode: z
      .enum(['ENFORCE', 'REPORT'])
      .describe('ENFORCE (the default), or REPORT: count what would be refused, and refuse nothing.'),
    enabled: options({ value: percentValue().describe('Percent.') }).describe(
      'Share of the requests that are counted; all by default.',
    ),
    enforced: options({ value: percentValue().describe('Percent.') }).describe(
      'Share of the requests above the limit that are refused; all by default.',
    ),
    maxValues: z
      .int()
      .min(1)
      .max(100_000)
      .describe(
        'How many combinations of values a proxy counts for each limit; 10000 by default. Beyond, the least recently seen begins anew.',
      ),
    response: response.describe('What clients are told.'),
    service: options({
      host: z.string().describe('The service; rate-limit.tulle-system.svc.cluster.local by default.'),
      port: port().describe('Its port; 8081 by default.'),
      timeout: duration().describe('How long the service may take; 100ms by default.'),
      onFailure: z
        .enum(['ALLOW', 'DENY'])
        .describe(
          'What happens to requests when it does not answer: ALLOW (the default), or DENY with status 500.',
        ),
    }).describe('With MESH: how the rate limit service is asked.'),
  },
);

const schema = resourceSchema(
  identity,
  { spec: spec.describe('What is limited, and how.') },
  {
    status: options({
      conditions: z.array(condition).describe('State of the policy.'),
      observedGeneration: z.int().describe('The generation that this is about.'),
    })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('Written by the control plane.'),
  },
);

export type RateLimitPolicy = z.infer<typeof schema>;
export type RateLimitPolicySpec = z.infer<typeof spec>;

function check({ spec }: RateLimitPolicy): Finding[] {
  const { scope = 'PROXY', service, mode, enforced } = spec;
  const isGlobal = scope === 'MESH';
  return [
    ...checkTarget(spec),
    ...(service !== undefined && !isGlobal
      ? [error('conflict', ['spec', 'service'], 'needs scope: MESH, the only one that asks the service')]
      : []),
    ...(mode === 'REPORT' && enforced !== undefined
      ? [error('conflict', ['spec', 'enforced'], 'has no meaning with mode: REPORT, which refuses nothing')]
      : []),
    ...spec.limits.flatMap((limit, index) => checkLimit(limit, ['spec', 'limits', index], isGlobal)),
  ];
}

function checkLimit(
  { per, by = [], burst, overrides = [] }: RateLimitPolicySpec['limits'][number],
  at: readonly (string | number)[],
  isGlobal: boolean,
): Finding[] {
  const found: Finding[] = [];
  const ms = parseDuration(per) ?? 0;
  if (ms < 50) found.push(error('out-of-range', [...at, 'per'], `must be at least 50ms, not ${per}`));
  if (isGlobal && ms % 1000 !== 0)
    found.push(error('out-of-range', [...at, 'per'], `must be whole seconds with scope: MESH, not ${per}`));
  if (isGlobal && burst !== undefined)
    found.push(
      error('conflict', [...at, 'burst'], 'has no meaning with scope: MESH, which counts by windows'),
    );
  for (const [index, item] of by.entries())
    if (Object.keys(item).length === 0)
      found.push(error('one-of', [...at, 'by', index], 'must say what to count by'));
  for (const [index, override] of overrides.entries()) {
    const path = [...at, 'overrides', index];
    if (override.values.length !== by.length)
      found.push(
        error(
          'conflict',
          [...path, 'values'],
          `must have a value for each item of by: ${by.length}, not ${override.values.length}`,
        ),
      );
    if (isGlobal && override.burst !== undefined)
      found.push(
        error('conflict', [...path, 'burst'], 'has no meaning with scope: MESH, which counts by windows'),
      );
    const key = JSON.stringify(override.values);
    if (overrides.findIndex(({ values }) => JSON.stringify(values) === key) < index)
      found.push(error('duplicate', [...path, 'values'], 'is given twice'));
  }
  return found;
}

export const rateLimitPolicy = {
  ...identity,
  plural: 'ratelimitpolicies',
  singular: 'ratelimitpolicy',
  shortNames: ['rlp'],
  categories: ['tulle'],
  namespaced: true,
  description: 'How many requests workloads, gateways or routes take, of whom, in which time.',
  schema,
  columns: [
    { name: 'Scope', type: 'string', path: 'spec.scope' },
    { name: 'Mode', type: 'string', path: 'spec.mode' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check,
} satisfies ResourceKind<RateLimitPolicy>;
