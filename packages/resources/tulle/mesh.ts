import { z } from 'zod';
import { condition } from '../core/parts.ts';
import { error, type Finding } from '../finding.ts';
import type { ResourceKind } from '../kind.ts';
import { durationOrZero } from '../schema/duration.ts';
import { isHostName, isIpAddress, isIpOrCidr } from '../schema/host.ts';
import { options } from '../schema/message.ts';
import { portOrZero, uint32 } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { checked } from '../schema/rule.ts';

const identity = { group: 'tulle.dev', kind: 'Mesh', versions: ['v1alpha1'], name: 'dns-label' } as const;

export interface JsonLogFormat {
  readonly [field: string]: string | JsonLogFormat;
}

/** Room for a few services at least, and no more than a /8. */
const isServiceRange = (text: string): boolean => /^[\d.]+\/(8|9|1\d|2[0-8])$/.test(text) && isIpOrCidr(text);

const spec = options({
  trustDomain: z
    .string()
    .describe(
      'The first part of every identity: spiffe://<trustDomain>/ns/<namespace>/sa/<account>; cluster.local by default. Changing it makes every workload enrol anew.',
    ),
  mtls: options({
    mode: z
      .enum(['STRICT', 'PERMISSIVE', 'DISABLE'])
      .describe(
        'STRICT (default): only mutual TLS; PERMISSIVE: plain text too; DISABLE: plain text only. A PeerAuthentication says otherwise for a namespace or workload.',
      ),
  }).describe('How sidecars take connections.'),
  outboundTrafficPolicy: options({
    mode: z
      .enum(['ALLOW_ANY', 'REGISTRY_ONLY'])
      .describe(
        'ALLOW_ANY (default): hosts outside the mesh are reached; REGISTRY_ONLY: only what a Service or ServiceEntry names.',
      ),
  }).describe('What workloads may call.'),
  concurrency: z
    .int()
    .min(0)
    .max(256)
    .describe(
      'Worker processes of each proxy whose Workload does not say, and of the gateway; 1 by default, 0: one per processor.',
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
  protocolDetectionTimeout: durationOrZero().describe(
    'How long a client’s first bytes are waited for where they tell what it speaks: ports that do not say their protocol, and plain text on PERMISSIVE ports. 100ms by default; 0s: for ever.',
  ),
  gatewayTopology: options({
    numTrustedProxies: uint32().describe(
      'Proxies between the Internet and the gateway whose x-forwarded-for is believed; 0 by default.',
    ),
    forwardClientCertDetails: z
      .enum([
        'UNDEFINED',
        'SANITIZE',
        'FORWARD_ONLY',
        'APPEND_FORWARD',
        'SANITIZE_SET',
        'ALWAYS_FORWARD_ONLY',
      ])
      .describe(
        'What gateways do with x-forwarded-client-cert: SANITIZE_SET by default, it says whose certificate the client has shown, whatever the client says.',
      ),
    proxyProtocol: options({}).describe(
      'Every connection to a gateway begins with a PROXY header (v1 or v2), as load balancers send it; its addresses are believed, and connections without one are closed.',
    ),
  }).describe('What stands between gateways and their clients.'),
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
  const { trustDomain, accessLog, ports = {} } = mesh.spec ?? {};
  // SPIFFE ID, section 2.1: lower-case letters, digits, ".", "-", "_"; at most 255 bytes.
  if (
    trustDomain !== undefined &&
    (!/^[a-z0-9._-]{1,255}$/.test(trustDomain) || !isHostName(trustDomain, false))
  ) {
    found.push(
      error(
        'bad-name',
        ['spec', 'trustDomain'],
        `must be a trust domain such as "example.org", not ${JSON.stringify(trustDomain)}`,
      ),
    );
  }
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
  found.push(...checkJsonFormat(accessLog?.json ?? {}, ['spec', 'accessLog', 'json']));
  return found;
}

function checkJsonFormat(format: Record<string, unknown>, path: string[]): Finding[] {
  return Object.entries(format).flatMap(([name, template]) => {
    if (typeof template === 'string') return [];
    if (typeof template === 'object' && template !== null && !Array.isArray(template))
      return checkJsonFormat(template as Record<string, unknown>, [...path, name]);
    return [error('wrong-type', [...path, name], 'must be a template (string) or an object of templates')];
  });
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
} satisfies ResourceKind<Mesh>;
