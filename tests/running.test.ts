/** What becomes of requests and connections, in each protocol, when all instances that they are at leave rotation. */
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { http2Ask } from '@tulle/data-plane/testing/http2';
import { afterEach, expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually, root, startMesh, temporaryFolder } from './mesh.ts';
import { allTo } from './shared-mesh.ts';

const leftBehind: (() => unknown)[] = [];

afterEach(async () => {
  for (const remove of leftBehind.splice(0).toReversed()) await remove();
});

const asked =
  '  probes: { readiness: { httpGet: { path: /ready, port: http }, periodSeconds: 1, failureThreshold: 1 } }';
const checked = [80, 81]
  .map(
    (port) => `---
apiVersion: tulle.dev/v1alpha1
kind: HealthCheckPolicy
metadata: { name: web-${port} }
spec: { host: web, port: { number: ${port} }, http: { path: /ready }, interval: 1s, noTrafficInterval: 1s }
`,
  )
  .join('');

const meshFile = (grpc: number, tcp: number, control: string, health: string): string => `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: running }
spec: {}
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http }, { name: grpc, port: 81, targetPort: grpc }, { name: tcp, port: 82, targetPort: tcp }]
---${allTo('web')}---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: more }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: ${grpc}, name: grpc, protocol: GRPC }, hosts: ["*"] }
    - { port: { number: ${tcp}, name: tcp, protocol: TCP }, hosts: ["*"] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: more }
spec:
  hosts: ["*"]
  gateways: [more]
  http: [{ route: [{ destination: { host: web, port: { number: 81 } } }] }]
  tcp: [{ match: [{ port: ${tcp} }], route: [{ destination: { host: web, port: { number: 82 } } }] }]
---
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: web }
spec:
  command: [node, protocols.ts]
  replicas: 2
  workingDirectory: ${join(root, 'tests/fixtures/readiness')}
  env: { CONTROL: ${control} }
  labels: { app: web }
  ports: [{ name: http, port: 8000 }, { name: grpc, port: 8001 }, { name: tcp, port: 8002 }]
${health}
`;

test.each([
  ['not ready any more', asked],
  ['failing the health checks of their callers', checked],
])('HTTP/1.1, HTTP/2, gRPC and TCP go on to their end at instances that are %s', async (_, health) => {
  const [state, control] = [temporaryFolder(), temporaryFolder()];
  leftBehind.push(state.remove, control.remove);
  const [grpc, tcp] = [await freePort(), await freePort()];
  const file = join(control.path, 'mesh.yaml');
  writeFileSync(file, meshFile(grpc, tcp, control.path, health));
  const mesh = await startMesh(file, state.path);
  leftBehind.push(() => mesh.stop());
  const { url } = mesh;
  const failures = (): Promise<({ flags: string[] } | undefined)[]> =>
    Promise.all(
      [new URL(url).port, grpc].map(async (port) => {
        const at = `http://127.0.0.1:${port}/`;
        const told = await mesh.ok('explain', '--http2', at, '--from', 'ingressgateway', '-o', 'json');
        return JSON.parse(told).error;
      }),
    );
  await eventually('its callers have found instances to be well', async () =>
    (await failures()).every((error) => error === undefined) ? true : undefined,
  );
  const [session, calls] = [connectHttp2(url), connectHttp2(`http://127.0.0.1:${grpc}`)];
  const bytes = connect(tcp, '127.0.0.1', () => bytes.write('hello')).setEncoding('utf8');
  const read = once(bytes, 'data');
  const grpcCall = {
    path: '/a.B/C',
    method: 'POST',
    headers: { 'content-type': 'application/grpc', te: 'trailers' },
  };
  const running = [
    fetchOnce(`${url}/one`),
    http2Ask(session, { path: '/two' }),
    http2Ask(calls, { ...grpcCall, body: Buffer.alloc(5) }),
  ] as const;
  const begun = (): readonly string[] => readdirSync(control.path).filter((name) => name.startsWith('web-'));
  await eventually('all run', async () => {
    const kinds = new Set(begun().map((name) => name.split('.')[1]));
    return kinds.size === 3 ? true : undefined;
  });
  writeFileSync(join(control.path, 'unready'), '');
  await eventually('nobody is left for others', async () =>
    (await failures()).every((error) => error?.flags.includes('UH')) ? true : undefined,
  );
  expect((await fetchOnce(`${url}/three`)).status).toBe(503);
  writeFileSync(join(control.path, 'release'), '');
  const [one, two, three] = await Promise.all(running);
  expect([one.status, one.body]).toEqual([200, expect.stringMatching(/^web-[01]$/)]);
  expect([two.status, two.body.toString()]).toEqual([200, expect.stringMatching(/^web-[01]$/)]);
  expect([three.body.toString(), three.trailers['grpc-status']]).toEqual([
    expect.stringMatching(/^web-[01]$/),
    '0',
  ]);
  expect(String((await read)[0])).toMatch(/^web-[01]$/);
  session.destroy();
  calls.destroy();
  bytes.destroy();
});
