import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { MeshSpec } from '../model/mesh/mesh.ts';
import { buildModel } from '../model/model.ts';
import { compile } from './compile.ts';
import { readCase } from './testing/golden-case.ts';
import { type Leaf, leavesOf, withField } from './testing/probe.ts';

const place = join(import.meta.dirname, 'enforced');
const client = readCase(place, 'client.yaml');
const server = readCase(place, 'server.yaml');
const gateway = readCase(place, 'gateway.yaml');
const captured = readCase(place, 'captured.yaml');
const scoped = ['scoped.yaml', 'scoped-captured.yaml'].map((file) => readCase(place, file));
const mesh: Resource = {
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'Mesh',
  metadata: { name: 'probed' },
  spec: {},
};
/** What was fetched, by the first of the texts that fields are tried with. */
const keySets = new Map([['x', '{"keys":[{"kty":"EC"}]}']]);
const input = { ...client.input, keySets, resources: [...client.input.resources, mesh] };
/** Whose configuration a kind can change. */
const proxiesOf: Readonly<Record<string, readonly (typeof client)[]>> = {
  Gateway: [gateway],
  VirtualService: [client, gateway],
  PeerAuthentication: [client, server],
  RequestAuthentication: [server, gateway],
  ServiceEntry: [client, captured],
  Sidecar: scoped,
  Mesh: [client, server, gateway, captured],
};
const settings: Readonly<Record<string, Readonly<Record<string, readonly object[]>>>> = parse(
  readFileSync(join(place, 'settings.yaml'), 'utf8'),
);

/** What the CLI reads, which starts proxies. */
const forStart = [
  /^spec\.(concurrency$|ports\.|rateLimitService\.)/,
  /^spec\.defaultConfig\.(concurrency|proxyMetadata|terminationDrainDuration)$/,
];

/** What every mesh keeps to, whatever these say: its mTLS is TLS 1.3, and it is one cluster. */
const byNature = [/^spec\.meshMTLS\.minProtocolVersion$/, /^spec\.serviceSettings\[\]\./];

/** What the proxies of a mesh get, by content; undefined where a value makes no sense beside the others. */
function compiled({ kind }: ResourceKind, resources: readonly Resource[]): string | undefined {
  try {
    const { spec } = resources.find((resource) => resource.kind === 'Mesh') ?? mesh;
    const model = buildModel({ ...input, resources, mesh: spec as MeshSpec });
    const versions = (proxiesOf[kind] ?? [client]).flatMap(({ proxy }) =>
      Object.values(compile(model, proxy).snapshot).flatMap((byName) =>
        [...byName.values()].map(({ name, version }) => `${name} ${version}`),
      ),
    );
    return versions.join('\n');
  } catch {
    return undefined;
  }
}

/** Whether some value of the field changes what some proxy gets, beside the other fields that it needs. */
function hasEffect(kind: ResourceKind, { path, candidates }: Leaf): boolean {
  const isProbed = (resource: Resource): boolean =>
    resource.kind === kind.kind && resource.metadata.name === 'probed';
  const others = input.resources.filter((resource) => !isProbed(resource));
  return input.resources.filter(isProbed).some((probed) =>
    settingsFor(kind, path).some((setting) => {
      const base = { ...probed, spec: { ...(probed.spec as object), ...setting } };
      const before = compiled(kind, [...others, withField(base, path)]);
      if (before === undefined) return false;
      return candidates.some((value) => {
        const after = compiled(kind, [...others, withField(base, path, value)]);
        return after !== undefined && after !== before;
      });
    }),
  );
}

function settingsFor(kind: ResourceKind, path: string): readonly object[] {
  const fitting = Object.entries(settings[kind.kind] ?? {}).filter(([prefix]) => path.startsWith(prefix));
  return fitting.toSorted(([a], [b]) => b.length - a.length)[0]?.[1] ?? [{}];
}

function warnsOf({ notEnforced, inert }: ResourceKind, path: string): boolean {
  return Object.keys({ ...notEnforced, ...inert }).some(
    (inert) => path === inert || path.startsWith(`${inert}.`) || path.startsWith(`${inert}[`),
  );
}

/**
 * But for those that say how proxies are started, not what they get: ProxyConfig (cli/up/proxy/proxy-settings.test.ts) and
 * WorkloadGroup (held to its list by cli/join/group-plan.test.ts).
 */
const atStart = ['ProxyConfig', 'WorkloadGroup'];
const isProbed = ({ group, kind }: ResourceKind): boolean =>
  (group.endsWith('istio.io') && !atStart.includes(kind)) || ['HealthCheckPolicy', 'Mesh'].includes(kind);
const probed = kinds.filter(isProbed);

test.each(probed.map((kind) => [kind.kind, kind] as const))(
  '%s: a user is warned of exactly the fields that change nothing',
  (_, kind) => {
    const wrong = leavesOf(kind).flatMap((leaf) => {
      if (kind.kind === 'Mesh' && [...forStart, ...byNature].some((field) => field.test(leaf.path)))
        return [];
      if (kind.kind === 'RequestAuthentication' && leaf.path === 'spec.jwtRules[].timeout') return [];
      const effect = hasEffect(kind, leaf);
      return effect === warnsOf(kind, leaf.path)
        ? [`${leaf.path} ${effect ? 'has an effect' : 'has none'}`]
        : [];
    });
    expect(wrong).toEqual([]);
  },
  // Each field of a kind in several meshes, with several values: a minute for Mesh where nothing else runs.
  600_000,
);
