import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, startMesh, temporaryFolder } from './mesh.ts';

/** A limit that gateway and sidecars share: `tulle up` starts the service that counts. */
const file = `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: limited }
---
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: app }
spec:
  command: [node, -e, "require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1')"]
  labels: { app: app }
  ports: [{ name: http, port: 80 }]
  upstreams: []
---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { selector: { app: app }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app }
spec: { hosts: ['*'], gateways: [edge], http: [{ route: [{ destination: { host: app } }] }] }
---
apiVersion: tulle.dev/v1alpha1
kind: RateLimitPolicy
metadata: { name: users }
spec:
  targetRefs: [{ kind: Gateway, name: edge }]
  scope: MESH
  limits:
    - name: users
      by: [header: x-user]
      requests: 3
      per: 1000000s
      overrides: [{ values: [vip], requests: 5 }]
  response: { rateLimitHeaders: RATELIMIT }
  service: { timeout: 5s, onFailure: DENY }
`;

const state = temporaryFolder();
let mesh: Mesh;

beforeAll(async () => {
  const path = join(state.path, 'mesh.yaml');
  writeFileSync(path, file);
  mesh = await startMesh(path, join(state.path, 'state'));
}, 60_000);

afterAll(async () => {
  await mesh?.stop();
  state.remove();
});

const statuses = async (user: string, count: number): Promise<number[]> => {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await fetchOnce(mesh.url, { 'x-user': user })).status);
  return found;
};

test('a policy of scope MESH is counted by the service that came with it', async () => {
  // Until the gateway has the service's endpoint it refuses with 500.
  await eventually('the service counts', async () =>
    (await fetchOnce(mesh.url, { 'x-user': 'first' })).status === 500 ? undefined : true,
  );
  expect(await statuses('ann', 5)).toEqual([200, 200, 200, 429, 429]);
  expect(await statuses('vip', 6)).toEqual([200, 200, 200, 200, 200, 429]);
  const { headers } = await fetchOnce(mesh.url, { 'x-user': 'bob' });
  expect(headers.ratelimit).toMatch(/^"users";r=2;t=\d+$/);
  expect(headers['ratelimit-policy']).toBe('"users";q=3;w=1000000');
});
