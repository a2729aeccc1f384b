import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { Resource } from '@tulle/resources/kind';
import { parseResources } from '@tulle/resources/parse';
import { formatProblem } from '@tulle/resources/problem';
import { joinedRoutes } from '@tulle/xds/joined-routes';
import type { InboundPort } from '@tulle/xds/node';
import type { Snapshot, XdsResource, XdsType } from '@tulle/xds/resource';
import { parse } from 'yaml';
import { instanceOf } from '../../model/instances/instance.fixture.ts';
import type { WorkloadInstance } from '../../model/instances/instance.ts';
import type { MeshSpec } from '../../model/mesh/mesh.ts';
import { meshSpecOf } from '../../model/mesh/mesh-spec.ts';
import type { ModelInput } from '../../model/model.ts';
import type { Engine, ProxyDescription } from '../proxy.ts';
import { messages, registry } from './registry.ts';

/** A golden case as its files say it, for tests only. */
export interface GoldenCase {
  readonly input: ModelInput;
  readonly proxy: ProxyDescription;
  /** `<type> <resource> <path>`: what is compared. */
  readonly show: readonly string[];
  /** Field names that are left out wherever they stand. */
  readonly hide: readonly string[];
}

/** `proxy.yaml`: short, with defaults. */
interface ProxyFile {
  readonly sidecar?: string;
  readonly gateway?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly engine?: Engine;
  readonly locality?: string;
  readonly network?: string;
  readonly inbound?: readonly (Partial<InboundPort> & { readonly port: number })[];
  readonly upstreams?: readonly string[];
  /** The application's traffic is redirected to it. */
  readonly captured?: boolean;
  /** `<workload>/<namespace>`: labels, and anything else of an instance. */
  readonly instances?: readonly (Partial<WorkloadInstance> & { readonly name: string })[];
  readonly trustBundle?: string;
  readonly show?: readonly string[];
  readonly hide?: readonly string[];
}

/** @param proxyFile which proxy of the mesh it is about */
export function readCase(folder: string, proxyFile = 'proxy.yaml'): GoldenCase {
  const text = readFileSync(join(folder, 'input.yaml'), 'utf8');
  const file = parse(readFileSync(join(folder, proxyFile), 'utf8')) as ProxyFile;
  const { documents, problems } = parseResources(text, { file: 'input.yaml' });
  const errors = [...problems, ...documents.flatMap((document) => document.problems)].filter(
    (problem) => problem.severity === 'error',
  );
  if (errors.length > 0) throw new Error(errors.map(formatProblem).join('\n'));
  const all = documents.flatMap(({ resource }) => (resource === undefined ? [] : [stored(resource)]));
  const mesh = all.find((resource) => resource.kind === 'Mesh')?.spec as MeshSpec | undefined;
  return {
    input: {
      mesh: meshSpecOf(mesh, (namespace) =>
        all.find((one) => one.kind === 'ConfigMap' && one.metadata.namespace === namespace),
      ),
      resources: all.filter((resource) => resource.kind !== 'Mesh'),
      instances: (file.instances ?? []).map((given) => instanceOf({ cluster: 'tulle', ...given })),
      ...(file.trustBundle !== undefined && { trustBundle: file.trustBundle }),
    },
    proxy: proxyOf(file),
    show: file.show ?? [],
    hide: file.hide ?? [],
  };
}

/** As the store would have it. */
function stored(resource: Resource): Resource {
  return { ...resource, metadata: { namespace: 'default', generation: 1, ...resource.metadata } };
}

function proxyOf(file: ProxyFile): ProxyDescription {
  const name = file.sidecar ?? file.gateway ?? '';
  const role = file.gateway === undefined ? 'sidecar' : 'router';
  const namespace = file.namespace ?? (role === 'router' ? 'tulle-system' : 'default');
  const loopback = '127.0.0.1';
  return {
    id: `${role}~${loopback}~${name}-0.${namespace}~${namespace}.svc.cluster.local`,
    role,
    identity: `spiffe://cluster.local/ns/${namespace}/sa/${name}`,
    metadata: {
      NAMESPACE: namespace,
      SERVICE_ACCOUNT: name,
      NAME: `${name}-0`,
      WORKLOAD_NAME: name,
      LABELS: file.labels ?? {},
      CLUSTER_ID: 'tulle',
      MESH_ID: 'golden',
      TULLE_ENGINE: file.engine ?? 'tulle',
      TULLE_INBOUND: (file.inbound ?? []).map((port) => ({
        bindAddress: loopback,
        bindPort: 20000 + port.port,
        appAddress: loopback,
        appPort: 30000 + port.port,
        ...port,
      })),
      TULLE_OUTBOUND: {
        ...(role === 'sidecar' && !file.captured && { httpProxy: { address: loopback, port: 15002 } }),
        upstreams: (file.upstreams ?? []).map((written, index) => {
          const [host = '', port] = written.split(':');
          return { host, port: Number(port), bindAddress: loopback, bindPort: 16001 + index };
        }),
      },
      ...(file.captured && {
        TULLE_CAPTURE: {
          addresses: [loopback, '::1'],
          outboundPort: 15001,
          inboundPort: 15006,
          dnsPort: 15053,
        },
      }),
      TULLE_ADMIN_PORT: 15000,
      ...(file.locality !== undefined && { TULLE_LOCALITY: file.locality }),
      ...(file.network !== undefined && { NETWORK: file.network }),
    },
  };
}

/** A proxy's route table with the virtual hosts that come by themselves in it. */
export function routeTable(snapshot: Snapshot, name: string): XdsResource | undefined {
  const table = snapshot.route.get(name);
  return table && joinedRoutes([table], snapshot.virtualHost.values())[0];
}

/** What `show` asks for: `route http_proxy virtualHosts[0].routes`. A name may end in `*`: the first such. */
export function shown(snapshot: Snapshot, { show, hide }: GoldenCase): Record<string, JsonValue> {
  return Object.fromEntries(
    show.map((what) => {
      const [type, name = '', path = ''] = what.split(' ') as [XdsType, string?, string?];
      if (name === '') return [what, [...snapshot[type].keys()]];
      const resource = type === 'route' ? routeTable(snapshot, name) : snapshot[type].get(name);
      if (resource === undefined) return [what, 'none'];
      const message = decode(type, resource.bytes);
      return [what, without(select(message, path), new Set(hide)) ?? 'none'];
    }),
  );
}

/** A resource as protobuf JSON. */
export function decode(type: XdsType, bytes: Uint8Array): JsonValue {
  const desc = messages[type];
  return toJson(desc, fromBinary(desc, bytes), { registry });
}

function select(value: JsonValue | undefined, path: string): JsonValue | undefined {
  for (const step of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, JsonValue>)[step];
  }
  return value;
}

function without(value: JsonValue | undefined, hidden: ReadonlySet<string>): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((item) => without(item, hidden) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !hidden.has(name))
      .map(([name, field]) => [name, without(field, hidden) ?? null]),
  );
}
