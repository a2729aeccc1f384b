import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Compiled, compile } from '@tulle/control-plane/compile/compile';
import { decode, readCase } from '@tulle/control-plane/compile/testing/golden-case';
import { buildModel } from '@tulle/control-plane/model/model';
import type { XdsType } from '@tulle/xds/resource';
import { testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';

/**
 * Envoy's own judgement of what compile makes: every golden case, compiled for the engine `envoy`, as a static
 * bootstrap. Tables stand in their listeners and endpoints in their clusters, so that Envoy checks those too.
 */
const golden = join(import.meta.dirname, '..', '..', 'packages', 'control-plane', 'compile', 'golden');
const names = readdirSync(golden, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

type Json = Record<string, unknown>;

describeWithPeers('Envoy accepts what compile makes', ['envoy'], () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tulle-envoy-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(names)('%s', (name) => {
    const { input, proxy } = readCase(join(golden, name));
    const metadata = { ...proxy.metadata, TULLE_ENGINE: 'envoy' as const };
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(bootstrap(compile(buildModel(input), { ...proxy, metadata }))));
    const { status, stderr } = spawnSync('envoy', ['--mode', 'validate', '-c', file, '-l', 'error'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(
      stderr
        .split('\n')
        .filter((line) => /error|critical|Proto/i.test(line))
        .join('\n'),
    ).toBe('');
    expect(status).toBe(0);
  });
});

/** A bootstrap with everything of a snapshot in it, and the clusters that its config sources name. */
function bootstrap({ snapshot }: Compiled): Json {
  const all = (type: XdsType): Json[] =>
    [...snapshot[type].values()].map(({ bytes }) => decode(type, bytes) as Json);
  const tables = new Map(all('route').map((table) => [table.name as string, table]));
  const assignments = new Map(
    all('endpoint').map((assignment) => [assignment.clusterName as string, assignment]),
  );
  const grpc = (name: string): Json => ({
    name,
    type: 'STATIC',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
  });
  return {
    node: { id: 'sidecar~127.0.0.1~test.default~default.svc.cluster.local', cluster: 'test' },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' } }],
      },
    },
    staticResources: {
      listeners: all('listener').map((listener) => inlined(listener, tables)),
      clusters: [
        ...all('cluster').map((cluster) => inlined(withEndpoints(cluster, assignments), tables)),
        grpc('xds-grpc'),
        grpc('sds-grpc'),
      ],
    },
  };
}

/** Envoy 1.40 crashes when it validates a static resource with a secret by ADS: all secrets by one cluster. */
const fromAgent = {
  resourceApiVersion: 'V3',
  apiConfigSource: {
    apiType: 'GRPC',
    transportApiVersion: 'V3',
    grpcServices: [{ envoyGrpc: { clusterName: 'sds-grpc' } }],
  },
};

/** What stands in files that the cases name. */
const authority = await testAuthority();
const { chainPem, keyPem } = await authority.issue({ dnsNames: ['files.example.com'] });
const files = {
  certificateChain: chainPem,
  privateKey: keyPem,
  trustedCa: authority.rootPem,
  crl: await authority.revoke(),
};

/** Replaces each manager's RDS by the table that it names, and files by what is in them. */
function inlined(resource: Json, tables: ReadonlyMap<string, Json>): Json {
  const text = JSON.stringify(resource, (key, value: unknown) => {
    if (key === 'sdsConfig') return fromAgent;
    if (key in files && typeof value === 'object' && value !== null && 'filename' in value)
      return { inlineString: files[key as keyof typeof files] };
    if (typeof value !== 'object' || value === null || !('rds' in value)) return value;
    const { rds, ...manager } = value as { rds: { routeConfigName: string } };
    return { ...manager, routeConfig: tables.get(rds.routeConfigName) };
  });
  return JSON.parse(text) as Json;
}

/** Without its config source an EDS cluster is a static one with the same endpoints. */
function withEndpoints(cluster: Json, assignments: ReadonlyMap<string, Json>): Json {
  if (cluster.type !== 'EDS') return cluster;
  const { edsClusterConfig: _, ...rest } = cluster;
  return { ...rest, type: 'STATIC', loadAssignment: assignments.get(cluster.name as string) };
}
