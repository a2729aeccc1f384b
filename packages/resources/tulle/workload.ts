import { z } from 'zod';
import { condition } from '../core/parts.ts';
import { error, type Finding, warning } from '../finding.ts';
import type { ResourceKind } from '../kind.ts';
import { durationOrZero } from '../schema/duration.ts';
import { isHostName } from '../schema/host.ts';
import { mapOf, message, options } from '../schema/message.ts';
import { dnsLabel, isDnsLabel, isLabelValue, isQualifiedName } from '../schema/name.ts';
import { port, uint32 } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { checked } from '../schema/rule.ts';
import { type EnvironmentVariable, environment } from './environment.ts';
import { probe } from './probe.ts';

const identity = { group: 'tulle.dev', kind: 'Workload', versions: ['v1alpha1'], name: 'dns-label' } as const;

const workloadPort = message(
  {
    port: port().describe('The port that callers know: a Service’s targetPort selects it by number or name.'),
  },
  {
    name: z
      .string()
      .describe('Name of the port; its prefix (`http-`, `grpc-`, `tcp-`) says what is spoken, as in Istio.'),
    protocol: z.enum(['TCP']).describe('Transport protocol, for those used to Kubernetes.'),
    appProtocol: z
      .string()
      .describe(
        'What is spoken: http, http2, grpc, tcp, tls, …; found out from the first bytes when absent.',
      ),
    targetPort: port().describe(
      'The port that the process binds itself, or the gateway. Absent: a free one, given to the process in PORT (the first port) and PORT_<NAME>.',
    ),
  },
);

const quantity = (example: string) =>
  checked(
    z.union([z.number(), z.string()]).meta({ 'x-kubernetes-preserve-unknown-fields': true }),
    'bad-quantity',
    (value) => /^\+?(\d+\.?\d*|\.\d+)(m|[kMGTPE]i?|Ki)?$/.test(String(value)),
    (value) => `must be a quantity such as "${example}", not ${JSON.stringify(value)}`,
  );

const spec = options({
  role: z
    .enum(['application', 'gateway'])
    .describe(
      'application (default): a process with a sidecar; gateway: a proxy alone, for the Gateways that select its labels.',
    ),
  command: z
    .array(z.string())
    .min(1)
    .describe(
      'Program and arguments of an application. Relative paths start at the working directory; no shell is involved.',
    ),
  env: environment.describe(
    'Environment variables: a map, or a list of {name, value} or {name, valueFrom}. PORT and the proxy variables are added.',
  ),
  workingDirectory: z.string().describe('Where the process starts; the mesh file’s folder by default.'),
  user: z.string().describe('The user to run as, by name or number; needs root. The same user by default.'),
  ports: z
    .array(workloadPort)
    .describe('The ports that the mesh reaches; of a gateway http: 8080 and https: 8443 when absent.'),
  replicas: z.int().min(0).max(1000).describe('How many processes; 1 by default.'),
  labels: mapOf(z.string()).describe(
    'Labels of the instances, by which Services and subsets select them; `app` and `version` name them in metrics.',
  ),
  serviceAccount: z.string().describe('The identity to run under; `default` when absent.'),
  upstreams: z
    .array(z.string())
    .describe(
      'The services that this one calls, as host:port (`reviews:9080`). Each gets <SERVICE>_URL, _HOST and _PORT; the sidecar learns only these. All services when absent.',
    ),
  dependsOn: z
    .array(dnsLabel())
    .describe('Workloads of the namespace that must be ready before this one starts.'),
  locality: z.string().describe('`region/zone/subzone`.'),
  network: z
    .string()
    .describe(
      'Network that its instances are in: callers of another network reach them through the gateways of this one, where it has some.',
    ),
  weight: uint32().describe('Load-balancing weight of each instance; 1 by default.'),
  probes: options({
    startup: probe.describe('Until it succeeds, the others wait.'),
    readiness: probe.describe('While it fails, the instance gets no requests.'),
    liveness: probe.describe('When it fails, the process is restarted.'),
  }).describe('Questions put to the application; without any, an open port means ready.'),
  drainSeconds: z
    .number()
    .min(0)
    .max(3600)
    .describe('How long requests in flight may take when the instance stops; 2 by default.'),
  stopSeconds: z
    .number()
    .min(0)
    .max(3600)
    .describe('How long the process may take after SIGTERM before it is killed; 2 by default.'),
  restartPolicy: z
    .enum(['Always', 'OnFailure', 'Never'])
    .describe('When a process that ended is started again; Always by default.'),
  restartBackoff: options({
    initial: durationOrZero().describe('Wait before the first restart; 100ms by default.'),
    max: durationOrZero().describe('Longest wait; it doubles each time; 30s by default.'),
  }).describe('Waits between restarts.'),
  resources: options({
    limits: options({
      cpu: quantity('500m').describe('Processor time in cores.'),
      memory: quantity('256Mi').describe('Memory.'),
      openFiles: z.int().min(1).describe('File descriptors.'),
      processes: z.int().min(1).describe('Processes and threads.'),
    }).describe('What an instance may use, as far as the system can hold it to that.'),
  }).describe('Resource limits.'),
  engine: z
    .enum(['tulle', 'envoy'])
    .describe(
      'The program that runs as its sidecar: our own (`tulle`, the default), or an Envoy found on the PATH.',
    ),
  concurrency: z
    .int()
    .min(0)
    .max(256)
    .describe(
      'Worker processes of its sidecar, 0: one per processor; the Mesh’s concurrency by default. Limits hold for all of them together.',
    ),
  capture: z
    .enum(['env', 'transparent'])
    .describe(
      'How traffic reaches the sidecar; `env` (default): proxy variables and one loopback port per upstream; `transparent`: all TCP and DNS is redirected to it (Linux, as root).',
    ),
});

const schema = resourceSchema(
  identity,
  { spec: spec.describe('How the processes are started and what they are called.') },
  {
    status: options({
      observedGeneration: z.int().describe('The generation that this is about.'),
      replicas: z.int().describe('Processes that run.'),
      readyReplicas: z.int().describe('Processes that are ready.'),
      updatedReplicas: z.int().describe('Processes of the current generation.'),
      restarts: z.int().describe('Restarts so far.'),
      conditions: z.array(condition).describe('State of the workload.'),
    })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('Written by the supervisor.'),
  },
);

export type Workload = z.infer<typeof schema>;
export type WorkloadSpec = z.infer<typeof spec>;

function check({ metadata, spec }: Workload): Finding[] {
  return [
    ...checkRole(spec),
    ...checkPorts(spec),
    ...checkUpstreams(spec),
    ...checkEnvironment(spec.env ?? {}),
    ...checkLabels(spec.labels ?? {}),
    ...(spec.dependsOn ?? []).flatMap((name, index) =>
      name === metadata.name ? [error('cycle', ['spec', 'dependsOn', index], 'is the workload itself')] : [],
    ),
  ];
}

/** What only applications have. */
const ofApplications = [
  'command',
  'env',
  'workingDirectory',
  'user',
  'upstreams',
  'probes',
  'restartPolicy',
  'resources',
  'capture',
] as const satisfies readonly (keyof WorkloadSpec)[];

function checkRole(spec: WorkloadSpec): Finding[] {
  if (spec.role === 'gateway')
    return ofApplications.flatMap((field) =>
      spec[field] === undefined
        ? []
        : [
            error(
              'conflict',
              ['spec', field],
              'has no meaning for a gateway: it is a proxy without an application',
            ),
          ],
    );
  return spec.command === undefined
    ? [error('required', ['spec', 'command'], 'is required (list), unless role is gateway')]
    : [];
}

function checkPorts({ ports = [], replicas = 1 }: WorkloadSpec): Finding[] {
  const found: Finding[] = [];
  for (const [index, { name, port, targetPort }] of ports.entries()) {
    const earlier = ports.slice(0, index);
    const at = ['spec', 'ports', index];
    if (earlier.some((other) => other.port === port))
      found.push(error('duplicate', [...at, 'port'], `is given twice: ${port}`));
    if (name !== undefined && !isDnsLabel(name))
      found.push(
        error(
          'bad-name',
          [...at, 'name'],
          `must be lower-case letters, digits and "-", not ${JSON.stringify(name)}`,
        ),
      );
    else if (name !== undefined && earlier.some((other) => other.name === name))
      found.push(
        error('duplicate', [...at, 'name'], `is the name of another port too: ${JSON.stringify(name)}`),
      );
    if (targetPort !== undefined && earlier.some((other) => other.targetPort === targetPort))
      found.push(error('duplicate', [...at, 'targetPort'], `is given twice: ${targetPort}`));
    if (targetPort !== undefined && replicas > 1)
      found.push(
        warning(
          'port-conflict',
          [...at, 'targetPort'],
          `is one port, and ${replicas} replicas on one machine cannot all bind it; leave it out and bind PORT`,
        ),
      );
  }
  return found;
}

function checkUpstreams({ upstreams = [] }: WorkloadSpec): Finding[] {
  return upstreams.flatMap((upstream, index) => {
    const colon = upstream.lastIndexOf(':');
    const number = Number(upstream.slice(colon + 1));
    const ok =
      colon > 0 &&
      isHostName(upstream.slice(0, colon), false) &&
      Number.isInteger(number) &&
      number > 0 &&
      number <= 65535;
    const path = ['spec', 'upstreams', index];
    if (!ok)
      return [
        error(
          'bad-upstream',
          path,
          `must be host:port, such as "reviews:9080", not ${JSON.stringify(upstream)}`,
        ),
      ];
    return upstreams.indexOf(upstream) < index
      ? [error('duplicate', path, `is given twice: ${JSON.stringify(upstream)}`)]
      : [];
  });
}

function checkEnvironment(env: Record<string, string> | readonly EnvironmentVariable[]): Finding[] {
  const names = Array.isArray(env)
    ? (env as EnvironmentVariable[]).map(({ name }, index) => ({
        name,
        path: ['spec', 'env', index, 'name'],
      }))
    : Object.keys(env).map((name) => ({ name, path: ['spec', 'env', name] }));
  return names.flatMap(({ name, path }, index) => {
    if (!/^[^=\0]+$/.test(name))
      return [error('bad-name', path, `must be a variable’s name, not ${JSON.stringify(name)}`)];
    return names.findIndex((other) => other.name === name) < index
      ? [error('duplicate', path, `is given twice: ${JSON.stringify(name)}`)]
      : [];
  });
}

function checkLabels(labels: Readonly<Record<string, string>>): Finding[] {
  return Object.entries(labels).flatMap(([key, value]) =>
    isQualifiedName(key) && isLabelValue(value)
      ? []
      : [
          error(
            'bad-label',
            ['spec', 'labels', key],
            'is not a valid label: at most 63 letters, digits, "-", "_" or "." each',
          ),
        ],
  );
}

export const workload = {
  ...identity,
  plural: 'workloads',
  singular: 'workload',
  shortNames: ['wl'],
  categories: ['tulle', 'all'],
  namespaced: true,
  description:
    'How a process of the mesh is started, what it is called, which ports it has and what it calls.',
  schema,
  columns: [
    { name: 'Replicas', type: 'integer', path: 'status.replicas' },
    { name: 'Ready', type: 'integer', path: 'status.readyReplicas' },
    { name: 'Restarts', type: 'integer', path: 'status.restarts' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
    { name: 'Command', type: 'string', path: 'spec.command', priority: 1 },
  ],
  check,
} satisfies ResourceKind<Workload>;
