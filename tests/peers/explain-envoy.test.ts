/** `tulle explain` of a real Envoy: on what it has accepted, not on what was compiled for it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Mesh, startMesh, temporaryFolder } from '../mesh.ts';
import { describeWithPeers } from './peer.ts';

const server = "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1')";
const app = (name: string, version: string, more: string): string => `
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: ${name}-${version} }
spec:
  command: [node, -e, "${server}"]
  labels: { app: ${name}, version: ${version} }
  ports: [{ name: http, port: 80 }]
  ${more}
---`;
const meshFile = `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: seen }
---${app('front', 'v1', 'engine: envoy\n  upstreams: [back:80]')}${app('back', 'v1', 'upstreams: []')}${app('back', 'v2', 'upstreams: []')}
apiVersion: v1
kind: Service
metadata: { name: back }
spec: { selector: { app: back }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: back }
spec:
  host: back
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
`;
const routes = (uri: string): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: back }
spec:
  hosts: [back]
  http:
    - match: [{ uri: { prefix: ${uri} } }]
      route: [{ destination: { host: back, subset: v2 } }]
    - route: [{ destination: { host: back, subset: v1 } }]
      timeout: 3s
`;
/** Envoy: connect_timeout must be greater than 0s. */
const refused = `
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: refused }
spec:
  configPatches:
    - applyTo: CLUSTER
      match: { context: SIDECAR_OUTBOUND, cluster: { service: back.default.svc.cluster.local, subset: v1 } }
      patch: { operation: MERGE, value: { connect_timeout: 0s } }
`;

const folder = temporaryFolder();
let mesh: Mesh;

describeWithPeers('explain of a real Envoy', ['envoy'], () => {
  beforeAll(async () => {
    writeFileSync(join(folder.path, 'mesh.yaml'), meshFile);
    mesh = await startMesh(join(folder.path, 'mesh.yaml'), join(folder.path, 'state'));
  });
  afterAll(async () => {
    await mesh?.stop();
    folder.remove();
  });

  interface Explained {
    readonly notes?: readonly string[];
    readonly cluster?: { readonly name: string; readonly connectTimeoutMs: number };
    readonly endpoints?: readonly {
      readonly version: string;
      readonly chance: number;
      readonly security: string;
    }[];
    readonly route?: { readonly timeoutMs: number };
  }
  const explain = async (path: string): Promise<Explained> =>
    JSON.parse(
      await mesh.ok('explain', `http://back${path}`, '--from', 'front-v1', '-o', 'json'),
    ) as Explained;
  const apply = async (text: string): Promise<void> => {
    writeFileSync(join(folder.path, 'change.yaml'), text);
    await mesh.ok('apply', '-f', join(folder.path, 'change.yaml'));
  };
  const goesTo = (path: string, subset: string): Promise<Explained> =>
    eventually(`${path} goes to ${subset}`, async () => {
      const found = await explain(path);
      return found.cluster?.name === `outbound|80|${subset}|back.default.svc.cluster.local`
        ? found
        : undefined;
    });

  test('says what its configuration does, endpoints and identities included', async () => {
    await apply(routes('/new'));
    const found = await goesTo('/new', 'v2');
    expect(found.notes).toBeUndefined();
    expect(found.endpoints).toMatchObject([{ version: 'v2', chance: 1 }]);
    expect((await goesTo('/old', 'v1')).route?.timeoutMs).toBe(3_000);
  });

  test('what it has refused is said, and what it had before is explained', async () => {
    const before = await explain('/old');
    await apply(refused);
    const after = await eventually('the refusal', async () => {
      const found = await explain('/old');
      return found.notes === undefined ? undefined : found;
    });
    expect(after.notes?.[0]).toMatch(
      /^front-v1-0\.default has refused cluster outbound\|80\|v1\|back\S+, and keeps what it had: the reason comes after/,
    );
    expect(after.cluster).toEqual(before.cluster);
    const text = await mesh.ok('explain', 'http://back/old', '--from', 'front-v1');
    expect(text).toMatch(/^! front-v1-0\.default has refused cluster/);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
