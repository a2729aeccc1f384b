import { z } from 'zod';
import { condition } from '../core/parts.ts';
import { error, type Finding } from '../finding.ts';
import { checkJsonTemplate, checkMeshConfig } from '../istio/mesh-config/check.ts';
import { gatewayTopology } from '../istio/mesh-config/default-config.ts';
import { meshConfigFields } from '../istio/mesh-config/fields.ts';
import { checkMeshNetworks, meshNetworks, meshNetworksInert } from '../istio/mesh-config/mesh-networks.ts';
import { meshConfigInert, meshConfigNotEnforced } from '../istio/mesh-config/not-enforced.ts';
import type { ResourceKind } from '../kind.ts';
import { isIpAddress, isIpOrCidr } from '../schema/host.ts';
import { options } from '../schema/message.ts';
import { portOrZero } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { checked } from '../schema/rule.ts';

const identity = { group: 'tulle.dev', kind: 'Mesh', versions: ['v1alpha1'], name: 'dns-label' } as const;

export interface JsonLogFormat {
  readonly [field: string]: string | JsonLogFormat;
}

/** Room for a few services at least, and no more than a /8. */
const isServiceRange = (text: string): boolean => /^[\d.]+\/(8|9|1\d|2[0-8])$/.test(text) && isIpOrCidr(text);

const spec = options({
  ...meshConfigFields,
  mtls: options({
    mode: z
      .enum(['STRICT', 'PERMISSIVE', 'DISABLE'])
      .describe(
        'STRICT (default): only mutual TLS; PERMISSIVE: plain text too; DISABLE: plain text only. A PeerAuthentication says otherwise for a namespace or workload.',
      ),
  }).describe('How sidecars take connections.'),
  concurrency: z
    .int()
    .min(0)
    .max(256)
    .describe(
      'Worker processes of each proxy whose Workload and ProxyConfig do not say, and of the gateway; 1 by default, 0: one per processor.',
    ),
  dns: options({
    serviceAddresses: checked(
      z.string(),
      'bad-address',
      isServiceRange,
      (text) => `must be a range of IPv4 addresses such as "240.240.0.0/16", not ${JSON.stringify(text)}`,
    ).describe(
      'Where services get the addresses under which workloads with capture transparent find them; 240.240.0.0/16 by default. Part of 127.0.0.0/8 on a machine without a default route.',
    ),
  }).describe('What the sidecars of captured workloads say of names.'),
  gatewayTopology: gatewayTopology().describe(
    'What stands between gateways and their clients; before defaultConfig.gatewayTopology.',
  ),
  meshNetworks: meshNetworks.describe(
    'Networks whose addresses others cannot reach, and the gateways by which they do. A Service with the label topology.istio.io/network is such a gateway, too.',
  ),
  rateLimitService: options({
    enabled: z
      .boolean()
      .describe(
        'Whether `tulle up` runs the mesh’s rate limit service; by default as long as a RateLimitPolicy has scope MESH.',
      ),
    redis: z
      .string()
      .regex(/^rediss?:\/\//)
      .describe('Redis or Valkey to count in, such as redis://127.0.0.1:6379/0; memory when absent.'),
  }).describe('Who counts for RateLimitPolicies of scope MESH.'),
  accessLog: options({
    enabled: z.boolean().describe('Whether requests are logged; true by default.'),
    format: z.enum(['TEXT', 'JSON']).describe('A line of text (default) or a JSON object per request.'),
    text: z
      .string()
      .describe('Template of a line, with Envoy’s %…% operators; Istio’s default format when absent.'),
    json: z
      .record(z.string(), z.unknown())
      .describe('Names and templates of the JSON object; may be nested.'),
    path: z.string().describe('File to write to; /dev/stdout by default (the proxy’s log).'),
  }).describe('The proxies’ access log.'),
  ports: options({
    api: portOrZero().describe('The API’s port; 8090 by default, 0 for a free one.'),
    http: portOrZero().describe('The ingress gateway’s HTTP port; 8080 by default.'),
    https: portOrZero().describe('The ingress gateway’s HTTPS port; 8443 by default.'),
    address: checked(
      z.string(),
      'bad-address',
      isIpAddress,
      (text) => `must be an IP address, not ${JSON.stringify(text)}`,
    ).describe('The address that the gateway binds; 127.0.0.1 by default. The API always stays on loopback.'),
  }).describe('Where the mesh is reached on this machine.'),
});

const schema = resourceSchema(
  identity,
  {},
  {
    spec: spec.describe('What the mesh is like.'),
    status: options({
      conditions: z.array(condition).describe('State of the mesh.'),
      observedGeneration: z.int().describe('The generation that this is about.'),
    })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('Written by the control plane.'),
  },
);

export type Mesh = z.infer<typeof schema>;
export type MeshSpec = z.infer<typeof spec>;

function check(mesh: Mesh): Finding[] {
  const found: Finding[] = [];
  const { accessLog, ports = {} } = mesh.spec ?? {};
  found.push(...checkMeshConfig(mesh.spec ?? {}, ['spec']));
  found.push(...checkMeshNetworks(mesh.spec?.meshNetworks ?? {}, ['spec', 'meshNetworks']));
  const ofIstio = ['accessLogFile', 'accessLogFormat', 'accessLogEncoding'] as const;
  for (const field of ofIstio)
    if (accessLog !== undefined && mesh.spec?.[field] !== undefined)
      found.push(error('conflict', ['spec', field], 'says what accessLog says: set only one of both'));
  const [first, second] = (['api', 'http', 'https'] as const).filter(
    (name, index, names) =>
      ports[name] !== undefined &&
      ports[name] !== 0 &&
      names.some((other, at) => at !== index && ports[other] === ports[name]),
  );
  if (first !== undefined && second !== undefined) {
    found.push(
      error('duplicate', ['spec', 'ports', second], `is the port of ${first} too: ${ports[second]}`),
    );
  }
  if (accessLog?.text !== undefined && accessLog.format === 'JSON')
    found.push(error('conflict', ['spec', 'accessLog', 'text'], 'has no meaning with format JSON; use json'));
  if (accessLog?.json !== undefined && accessLog.format !== 'JSON')
    found.push(error('conflict', ['spec', 'accessLog', 'json'], 'needs format: JSON'));
  found.push(...checkJsonTemplate(accessLog?.json ?? {}, ['spec', 'accessLog', 'json']));
  return found;
}

export const mesh = {
  ...identity,
  plural: 'meshes',
  singular: 'mesh',
  shortNames: [],
  categories: ['tulle'],
  namespaced: false,
  description: 'One mesh: trust domain, mutual TLS, what may be called, access log, ports.',
  schema,
  columns: [
    { name: 'Trust Domain', type: 'string', path: 'spec.trustDomain' },
    { name: 'mTLS', type: 'string', path: 'spec.mtls.mode' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
  ],
  check,
  notEnforced: under('spec', meshConfigNotEnforced),
  inert: { ...under('spec', meshConfigInert), ...under('spec.meshNetworks', meshNetworksInert) },
} satisfies ResourceKind<Mesh>;

function under(field: string, fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, why]) => [`${field}.${name}`, why]));
}
