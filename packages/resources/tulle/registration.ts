import { z } from 'zod';
import { condition } from '../core/parts.ts';
import type { ResourceKind } from '../kind.ts';
import { mapOf, message, options } from '../schema/message.ts';
import { port, portOrZero, uint32 } from '../schema/number.ts';
import { resourceSchema } from '../schema/resource.ts';

const identity = { group: 'tulle.dev', kind: 'Registration', versions: ['v1alpha1'] } as const;

const registrationPort = message(
  {
    port: port().describe('The port that callers know.'),
    target: portOrZero().describe('The port to connect to at the address.'),
  },
  {
    name: z.string().describe('Name of the port.'),
    protocol: z.string().describe('What is spoken, as declared.'),
  },
);

const spec = message(
  {
    proxy: z
      .enum(['sidecar', 'router', 'none'])
      .describe('A sidecar beside an application, a gateway, or none (plain text).'),
    workload: z.string().describe('The Workload that it belongs to.'),
    serviceAccount: z.string().describe('The identity that it proved.'),
    address: z.string().describe('Where it is reached.'),
    ports: z.array(registrationPort).describe('Its ports.'),
  },
  {
    labels: mapOf(z.string()).describe('Labels of the instance.'),
    adminAddress: z.string().describe('host:port of the proxy’s admin endpoint.'),
    locality: z.string().describe('`region/zone/subzone`.'),
    network: z.string().describe('Name of its network.'),
    weight: uint32().describe('Load-balancing weight; 1 when absent.'),
    cluster: z.string().describe('Name of its cluster.'),
    engine: z.string().describe('tulle or envoy.'),
    capture: z.string().describe('How traffic reaches its sidecar: env or transparent.'),
  },
);

const schema = resourceSchema(
  identity,
  { spec: spec.describe('Who runs where.') },
  {
    status: options({
      ready: z.boolean().describe('It gets requests.'),
      draining: z.boolean().describe('It gets no new requests; those in flight end.'),
      pid: z.int().describe('Process id of the application.'),
      proxyPid: z.int().describe('Process id of the proxy.'),
      workers: z.int().describe('Processes that the proxy is to have.'),
      readyWorkers: z.int().describe('Processes of the proxy that serve.'),
      connected: z.boolean().describe('Its configuration stream is open.'),
      message: z.string().describe('Why it is as it is.'),
      restarts: z.int().describe('Restarts of application and sidecar so far.'),
      conditions: z.array(condition).describe('State of the instance.'),
    })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('Written by the supervisor and the control plane.'),
  },
);

export type Registration = z.infer<typeof schema>;
export type RegistrationSpec = z.infer<typeof spec>;

export const registration = {
  ...identity,
  plural: 'registrations',
  singular: 'registration',
  shortNames: ['reg'],
  categories: ['tulle'],
  namespaced: true,
  description:
    'One running instance: a lease that its proxy’s configuration stream renews. Written by the control plane.',
  schema,
  columns: [
    { name: 'Workload', type: 'string', path: 'spec.workload' },
    { name: 'Proxy', type: 'string', path: 'spec.proxy' },
    { name: 'Address', type: 'string', path: 'spec.address' },
    { name: 'Ready', type: 'boolean', path: 'status.ready' },
    { name: 'Connected', type: 'boolean', path: 'status.connected' },
    { name: 'Age', type: 'date', path: 'metadata.creationTimestamp' },
    { name: 'PID', type: 'integer', path: 'status.pid', priority: 1 },
  ],
  readOnly: true,
} satisfies ResourceKind<Registration>;
