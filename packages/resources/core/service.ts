import { z } from 'zod';
import { error, type Finding, warning } from '../finding.ts';
import type { ResourceKind } from '../kind.ts';
import { mapOf, message, options } from '../schema/message.ts';
import { isDnsLabel } from '../schema/name.ts';
import { port } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { condition, intOrString, mergedBy } from './parts.ts';

const identity = { group: '', kind: 'Service', versions: ['v1'], name: 'dns-label-1035' } as const;

const servicePort = message(
  { port: port().describe('The port that callers use.') },
  {
    name: z
      .string()
      .describe(
        'Name of the port; `<protocol>` or `<protocol>-<suffix>` says what is spoken, as in Istio. Needed when there are several.',
      ),
    protocol: z
      .enum(['TCP', 'UDP', 'SCTP'])
      .describe('Transport protocol; TCP by default, and the only one that the mesh carries.'),
    appProtocol: z
      .string()
      .describe('What is spoken: http, http2, grpc, tcp, tls, https, … Before the name of the port.'),
    targetPort: intOrString().describe(
      'Port of the workload by number or name; the same as `port` by default.',
    ),
    nodePort: z.int().min(0).max(65535).describe('Port on every node (Kubernetes only).'),
  },
);

const ingress = options({
  ip: z.string().describe('Address.'),
  hostname: z.string().describe('Host name.'),
  ipMode: z.string().describe('VIP or Proxy.'),
  ports: z
    .array(
      message(
        { port: z.int().describe('Port.'), protocol: z.string().describe('Protocol.') },
        { error: z.string().describe('Why the port is not served.') },
      ),
    )
    .describe('State of its ports.'),
});

const spec = options({
  selector: mapOf(z.string()).describe('Labels of the workloads that serve.'),
  ports: mergedBy(z.array(servicePort), 'port').describe('The ports that callers use.'),
  type: z
    .enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'])
    .describe('How Kubernetes exposes the service; ClusterIP by default.'),
  clusterIP: z.string().describe('Virtual address; `None` makes the service headless.'),
  clusterIPs: z.array(z.string()).describe('Virtual addresses, one per family.'),
  externalName: z.string().describe('DNS name for type ExternalName.'),
  externalIPs: z.array(z.string()).describe('Addresses at which nodes also take traffic.'),
  publishNotReadyAddresses: z.boolean().describe('Endpoints serve before they are ready.'),
  sessionAffinity: z.enum(['None', 'ClientIP']).describe('Stickiness by client address.'),
  sessionAffinityConfig: options({
    clientIP: options({
      timeoutSeconds: z.int().min(1).max(86_400).describe('How long a client sticks; 3 h by default.'),
    }).describe('For ClientIP.'),
  }).describe('Settings of session affinity.'),
  externalTrafficPolicy: z.enum(['Cluster', 'Local']).describe('Which nodes serve traffic from outside.'),
  internalTrafficPolicy: z.enum(['Cluster', 'Local']).describe('Which endpoints serve traffic from inside.'),
  trafficDistribution: z.string().describe('Preference for near endpoints.'),
  healthCheckNodePort: z.int().min(0).max(65535).describe('Port of the load balancer’s health check.'),
  allocateLoadBalancerNodePorts: z.boolean().describe('Whether a load balancer gets node ports.'),
  loadBalancerClass: z.string().describe('Which load balancer implementation.'),
  loadBalancerIP: z.string().describe('Address wish for the load balancer.'),
  loadBalancerSourceRanges: z.array(z.string()).describe('Who may use the load balancer.'),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .max(2)
    .describe('Address families.'),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .describe('One or two families.'),
});

const schema = resourceSchema(
  identity,
  {},
  {
    spec: spec.describe('What the service is.'),
    status: options({
      loadBalancer: options({ ingress: z.array(ingress).describe('Where it can be reached.') }).describe(
        'State of the load balancer.',
      ),
      conditions: mergedBy(z.array(condition), 'type').describe('State of the service.'),
    }).describe('Written by the server.'),
  },
);

export type Service = z.infer<typeof schema>;
export type ServicePort = z.infer<typeof servicePort>;

function check(service: Service): Finding[] {
  const found: Finding[] = [];
  const ports = service.spec?.ports ?? [];
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const [index, entry] of ports.entries()) {
    const at = ['spec', 'ports', index];
    const protocol = entry.protocol ?? 'TCP';
    if (entry.name === undefined || entry.name === '') {
      if (ports.length > 1)
        found.push(
          error('required', [...at, 'name'], 'is required when a service has several ports (string)'),
        );
    } else if (!isDnsLabel(entry.name)) {
      found.push(
        error(
          'bad-name',
          [...at, 'name'],
          `must be lower-case letters, digits and "-", not ${JSON.stringify(entry.name)}`,
        ),
      );
    } else if (names.has(entry.name))
      found.push(
        error('duplicate', [...at, 'name'], `is the name of another port too: ${JSON.stringify(entry.name)}`),
      );
    else names.add(entry.name);
    if (numbers.has(`${protocol} ${entry.port}`))
      found.push(error('duplicate', [...at, 'port'], `is given twice: ${protocol} ${entry.port}`));
    numbers.add(`${protocol} ${entry.port}`);
    if (protocol !== 'TCP')
      found.push(
        warning('not-enforced', [...at, 'protocol'], `${protocol} is accepted but not carried by the mesh`),
      );
    const target = entry.targetPort;
    if (typeof target === 'number' && (target < 1 || target > 65535)) {
      found.push(
        error(
          'out-of-range',
          [...at, 'targetPort'],
          `must be a port number between 1 and 65535, not ${target}`,
        ),
      );
    } else if (
      typeof target === 'string' &&
      !/^(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(target)
    ) {
      found.push(
        error(
          'bad-name',
          [...at, 'targetPort'],
          `must be a port number or the name of a port (at most 15 lower-case letters, digits and "-"), not ${JSON.stringify(target)}`,
        ),
      );
    }
  }
  const type = service.spec?.type ?? 'ClusterIP';
  if (type === 'ExternalName') {
    if (!service.spec?.externalName)
      found.push(error('required', ['spec', 'externalName'], 'is required for type ExternalName (string)'));
  } else if (ports.length === 0 && service.spec?.clusterIP !== 'None') {
    found.push(error('required', ['spec', 'ports'], 'is required: at least one port'));
  }
  if (type !== 'ClusterIP')
    found.push(
      warning('not-enforced', ['spec', 'type'], `${type} is accepted but treated as ClusterIP here`),
    );
  if (service.spec?.sessionAffinity === 'ClientIP') {
    found.push(
      warning(
        'not-enforced',
        ['spec', 'sessionAffinity'],
        'is accepted but has no effect here; use a DestinationRule with consistentHash',
      ),
    );
  }
  return found;
}

export const service = {
  ...identity,
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  description: 'A name and ports under which the workloads that its selector matches are called.',
  nullIsAbsent: true,
  schema,
  columns: [
    { name: 'Type', type: 'string', path: 'spec.type' },
    { name: 'Cluster-IP', type: 'string', path: 'spec.clusterIP' },
    { name: 'Port(s)', type: 'string', path: 'spec.ports[*].port' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
    { name: 'Selector', type: 'string', path: 'spec.selector', priority: 1 },
  ],
  check,
  notEnforced: {
    'spec.externalIPs': 'gateways let traffic in',
    'spec.sessionAffinityConfig': 'clients stick by a DestinationRule',
    'spec.externalTrafficPolicy': 'gateways let traffic in',
    'spec.trafficDistribution': 'localities are preferred by a DestinationRule',
    'spec.healthCheckNodePort': 'gateways let traffic in',
    'spec.allocateLoadBalancerNodePorts': 'gateways let traffic in',
    'spec.loadBalancerClass': 'gateways let traffic in',
    'spec.loadBalancerIP': 'gateways let traffic in',
    'spec.loadBalancerSourceRanges': 'gateways let traffic in',
    'spec.ipFamilyPolicy': 'gateways let traffic in',
    'spec.ports[].nodePort': 'gateways let traffic in',
  },
} satisfies ResourceKind<Service>;
