import { z } from 'zod';
import { error, type Finding, warning } from '../finding.ts';
import type { ResourceKind } from '../kind.ts';
import { mapOf, message, options } from '../schema/message.ts';
import { int32, portWithRule } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';
import { checked, oneOf, withRules } from '../schema/rule.ts';
import { checkEndpoint, workloadTemplate } from './endpoint.ts';
import { istioStatus } from './status.ts';

const identity = {
  group: 'networking.istio.io',
  kind: 'WorkloadGroup',
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const;

/** 0 means the default, as protobuf's absent. */
const atMost = (most: number) => () =>
  checked(
    int32().min(0),
    'out-of-range',
    (value) => value <= most,
    (value) => `must be at most ${most}, not ${value}`,
  );
const seconds = atMost(86_400);
const count = atMost(1000);

const httpGet = message(
  { port: portWithRule().describe('Port of the application.') },
  {
    path: z.string().describe('Path of the request; / by default.'),
    host: z.string().describe('Host to connect to; the loopback address by default.'),
    scheme: withRules(z.string(), {
      rule: 'self in ["", "HTTP", "HTTPS"]',
      message: 'scheme must be one of [HTTP, HTTPS]',
      test: (scheme) => ['', 'HTTP', 'HTTPS'].includes(scheme),
      explain: (scheme) => `must be HTTP or HTTPS, not ${JSON.stringify(scheme)}`,
    }).describe('HTTP (default) or HTTPS, whose certificate is not verified.'),
    httpHeaders: z
      .array(
        options({
          name: z
            .string()
            .regex(/^[-_A-Za-z0-9]+$/)
            .describe('Name of the header.'),
          value: z.string().describe('Its value.'),
        }),
      )
      .describe('Headers of the request.'),
  },
);

const probe = oneOf(
  options({
    httpGet: httpGet.describe('An HTTP GET; 200 to 399 is success.'),
    tcpSocket: message(
      { port: portWithRule().describe('Port to connect to.') },
      { host: z.string().describe('Host to connect to; the loopback address by default.') },
    ).describe('A TCP connection that opens.'),
    exec: message({ command: z.array(z.string().min(1)).describe('Program and arguments.') }, {}).describe(
      'A command that exits with 0.',
    ),
    grpc: options({
      port: portWithRule().describe('Port of the application.'),
      service: z.string().describe('Service of the health request.'),
    }).describe('The gRPC health protocol.'),
    initialDelaySeconds: seconds().describe('Wait before the first probe; 0 by default.'),
    timeoutSeconds: seconds().describe('Time for an answer; 1 by default.'),
    periodSeconds: seconds().describe('Time between probes; 10 by default.'),
    successThreshold: count().describe('Successes in a row after a failure; 1 by default.'),
    failureThreshold: count().describe('Failures in a row; 3 by default.'),
  }),
  'httpGet',
  'tcpSocket',
  'exec',
  'grpc',
);

const labels = () => mapOf(z.string(), { maxProperties: 256 });

const spec = message(
  { template: workloadTemplate().describe('What instances of the group have in common.') },
  {
    metadata: options({
      labels: labels().describe('Labels of each instance: by them services and subsets select it.'),
      annotations: labels().describe('Annotations of each WorkloadEntry.'),
    }).describe('Metadata of the instances.'),
    probe: probe.describe('Tells when an instance is ready; an open first port does without.'),
  },
);

const schema = resourceSchema(
  identity,
  { spec: spec.describe('What processes that join by this group are.') },
  { status: istioStatus },
);

export type WorkloadGroup = z.infer<typeof schema>;
export type WorkloadGroupSpec = z.infer<typeof spec>;

export const workloadGroup = {
  ...identity,
  plural: 'workloadgroups',
  singular: 'workloadgroup',
  shortNames: ['wg'],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description:
    'What processes are that join the mesh by it (`tulle run --group`): labels, ports, account, probe.',
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  check: checkGroup,
  inert: {
    'spec.template.address': 'an instance is where its proxy is',
    'spec.metadata.annotations': 'nothing here reads annotations of an instance',
  },
} satisfies ResourceKind<WorkloadGroup>;

function checkGroup({ spec: { template, metadata, probe } }: WorkloadGroup): Finding[] {
  const found = [
    ...checkEndpoint(template, ['spec', 'template']),
    ...checkEndpoint({ labels: metadata?.labels ?? {} }, ['spec', 'metadata']),
  ];
  if (template.labels !== undefined)
    found.push(
      warning(
        'no-effect',
        ['spec', 'template', 'labels'],
        'belong to spec.metadata.labels, which go before them',
      ),
    );
  const asks = [probe?.httpGet, probe?.tcpSocket, probe?.exec, probe?.grpc];
  if (probe !== undefined && asks.every((one) => one === undefined))
    found.push(
      error('required', ['spec', 'probe'], 'must say what to ask: httpGet, tcpSocket, exec or grpc'),
    );
  if (probe?.grpc !== undefined && probe.grpc.port === undefined)
    found.push(error('required', ['spec', 'probe', 'grpc', 'port'], 'is required (port number)'));
  return found;
}
