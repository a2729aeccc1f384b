import { z } from 'zod';
import { error, type Finding } from '../finding.ts';
import type { ResourceKind } from '../kind.ts';
import { mapOf, nullable, options } from '../schema/message.ts';
import { resourceSchema } from '../schema/resource.ts';
import { workloadSelector } from './selector.ts';
import { istioStatus } from './status.ts';

const identity = { group: 'networking.istio.io', kind: 'ProxyConfig', versions: ['v1beta1'] } as const;

const spec = options({
  selector: workloadSelector().describe(
    'The workloads that it holds for; all of the namespace (of the mesh, in its root namespace) when absent.',
  ),
  concurrency: nullable(z.int32().min(0)).describe(
    'Worker processes of the proxy, 0: one per processor; as the Mesh says when absent.',
  ),
  environmentVariables: mapOf(z.string().max(2048)).describe('More environment of the proxy.'),
  image: options({
    imageType: z.string().describe('Without meaning outside Kubernetes: there is no image.'),
  }).describe('Without meaning outside Kubernetes: there is no image.'),
});

const schema = resourceSchema(
  identity,
  {},
  {
    spec: spec.describe('How proxies are started; a change holds for those that start after it.'),
    status: istioStatus,
  },
);

export type ProxyConfig = z.infer<typeof schema>;
export type ProxyConfigSpec = z.infer<typeof spec>;

/** A name that no shell or kernel could mistake. */
const isVariable = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name);

const check = ({ spec = {} }: ProxyConfig): Finding[] =>
  Object.keys(spec.environmentVariables ?? {})
    .filter((name) => !isVariable(name))
    .map((name) => ({
      ...error(
        'bad-name',
        ['spec', 'environmentVariables', name],
        'must be a name of letters, digits, "_", "-" and ".", not starting with a digit',
      ),
      atKey: true,
    }));

export const proxyConfig = {
  ...identity,
  plural: 'proxyconfigs',
  singular: 'proxyconfig',
  shortNames: [],
  categories: ['istio-io', 'networking-istio-io'],
  namespaced: true,
  description: 'How the proxies of a namespace or of some workloads are started.',
  schema,
  columns: [{ name: 'Age', type: 'date', path: 'metadata.creationTimestamp' }],
  check,
  inert: { 'spec.image': 'proxies are processes here, not containers' },
} satisfies ResourceKind<ProxyConfig>;
