import { z } from 'zod';
import type { ResourceKind } from '../kind.ts';
import { message } from '../schema/message.ts';
import { portWithRule } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { uniqueBy, withRules } from '../schema/rule.ts';
import { workloadEntrySpec } from './endpoint.ts';
import { labelSelector } from './selector.ts';
import { checkServiceEntry } from './service-entry-check.ts';
import { istioStatus } from './status.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'ServiceEntry',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;

const servicePort = message(
  {
    number: portWithRule().describe('Port number.'),
    name: z.string().max(256).describe('A name for it.'),
  },
  {
    protocol: z
      .string()
      .max(256)
      .describe(
        'HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS or MYSQL; found out from the first bytes when absent.',
      ),
    targetPort: portWithRule().describe('Port of the endpoints; the same by default.'),
  },
);

const isStaticOrNone = (resolution = 'NONE'): boolean => resolution === 'STATIC' || resolution === 'NONE';

const spec = withRules(
  message(
    {
      hosts: z
        .array(
          withRules(z.string(), {
            rule: 'self != "*"',
            message: 'hostname cannot be wildcard',
            test: (host) => host !== '*',
            explain: () => 'must name a host or a wildcard such as "*.example.com", not "*"',
          }),
        )
        .min(1)
        .max(256)
        .describe('The names by which clients call the service.'),
    },
    {
      addresses: z
        .array(z.string().max(64))
        .max(256)
        .describe(
          'Addresses by which clients call it, where their traffic is redirected (capture transparent); bytes to a prefix, or to an address that several hosts share, go to the (first) host; HTTP and TLS go by host there.',
        ),
      ports: withRules(uniqueBy(z.array(servicePort).max(256), 'name'), {
        rule: 'self.all(l1, self.exists_one(l2, l1.number == l2.number))',
        message: 'port number cannot be duplicated',
        test: (ports) => new Set(ports.map(({ number }) => number)).size === ports.length,
        explain: (ports) => `is given twice: ${ports[secondOf(ports.map(({ number }) => number))]?.number}`,
        at: (ports) => [secondOf(ports.map(({ number }) => number)), 'number'],
      }).describe('Its ports.'),
      location: z
        .enum(['MESH_EXTERNAL', 'MESH_INTERNAL'])
        .describe('MESH_EXTERNAL (default): outside the mesh, no mTLS; MESH_INTERNAL: part of it.'),
      resolution: z
        .enum(['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'])
        .describe(
          'How endpoints are found: NONE (default): the address that the client chose; STATIC: those listed; DNS: by asking for the host or the endpoints’ names.',
        ),
      endpoints: z.array(workloadEntrySpec()).max(4096).describe('The endpoints.'),
      workloadSelector: labelSelector().describe('Workloads of the namespace that are its endpoints.'),
      exportTo: z
        .array(z.string())
        .describe('Namespaces that see it: names, `.` (its own), `*` (all, default) or `~` (none).'),
      subjectAltNames: z
        .array(z.string())
        .describe('Names of which the endpoints’ certificates must have one.'),
    },
  ),
  {
    rule: '(has(self.workloadSelector) ? 1 : 0) + (has(self.endpoints) ? 1 : 0) <= 1',
    message: 'only one of WorkloadSelector or Endpoints can be set',
    test: ({ workloadSelector, endpoints }) => workloadSelector === undefined || endpoints === undefined,
    explain: () => 'conflicts with workloadSelector: set only one of both',
    at: () => ['endpoints'],
  },
  {
    rule: '!((has(self.addresses) ? self.addresses : []).exists(k, k.contains("/")) && !((has(self.resolution) ? self.resolution : "NONE") in ["STATIC", "NONE"]))',
    message: 'CIDR addresses are allowed only for NONE/STATIC resolution types',
    test: ({ addresses = [], resolution }) =>
      isStaticOrNone(resolution) || !addresses.some((address) => address.includes('/')),
    explain: ({ resolution }) => `must be a single IP address with resolution ${resolution}`,
    at: ({ addresses = [] }) => ['addresses', addresses.findIndex((address) => address.includes('/'))],
  },
  {
    rule: '((has(self.resolution) ? self.resolution : "NONE") == "NONE") ? !has(self.endpoints) : true',
    message: 'NONE mode cannot set endpoints',
    test: ({ resolution = 'NONE', endpoints }) => resolution !== 'NONE' || endpoints === undefined,
    explain: () =>
      'need a resolution: STATIC for addresses, DNS for names (with NONE, the default, there are none)',
    at: () => ['endpoints'],
  },
  {
    rule: '((has(self.resolution) ? self.resolution : "") == "DNS_ROUND_ROBIN") ? ((has(self.endpoints) ? self.endpoints : []).size() <= 1) : true',
    message: 'DNS_ROUND_ROBIN mode cannot have multiple endpoints',
    test: ({ resolution, endpoints = [] }) => resolution !== 'DNS_ROUND_ROBIN' || endpoints.length <= 1,
    explain: ({ endpoints = [] }) =>
      `must be at most one with resolution DNS_ROUND_ROBIN, not ${endpoints.length}`,
    at: () => ['endpoints'],
  },
);

/** The index of the first value that stood before. */
const secondOf = (values: readonly unknown[]): number =>
  values.findIndex((value, index) => values.indexOf(value) < index);

const schema = resourceSchema(
  identity,
  { spec: spec.describe('A service that the platform does not know.') },
  { status: istioStatus },
);

export type ServiceEntry = z.infer<typeof schema>;
export type ServiceEntrySpec = z.infer<typeof spec>;

export const serviceEntry = {
  ...identity,
  plural: 'serviceentries',
  singular: 'serviceentry',
  shortNames: ['se'],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description:
    'A service that the platform does not know: a host on the Internet, a database, workloads elsewhere.',
  schema,
  columns: [
    { name: 'Hosts', type: 'string', path: 'spec.hosts', description: 'The hosts of the ServiceEntry' },
    {
      name: 'Location',
      type: 'string',
      path: 'spec.location',
      description: 'MESH_EXTERNAL or MESH_INTERNAL',
    },
    { name: 'Resolution', type: 'string', path: 'spec.resolution', description: 'How endpoints are found' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check: checkServiceEntry,
} satisfies ResourceKind<ServiceEntry>;
