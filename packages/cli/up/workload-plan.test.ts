import type { Workload } from '@tulle/resources/tulle/workload';
import { describe, expect, test } from 'vitest';
import { planProbes } from './app/probe-plan.ts';
import { parseQuantity } from './app/quantity.ts';
import { limitedCommand } from './app/resource-limits.ts';
import { findUser } from './app/user.ts';
import { allocatePorts } from './ports/instance-ports.ts';
import { planWorkload } from './workload-plan.ts';
import { needsOf } from './workload-set.ts';

const workload = (spec: Partial<Workload['spec']>): Workload => ({
  apiVersion: 'tulle.dev/v1alpha1',
  kind: 'Workload',
  metadata: { name: 'reviews-v1', namespace: 'default' },
  spec: { command: ['node', 'server.ts'], ...spec },
});

const plan = (spec: Partial<Workload['spec']>) =>
  planWorkload(workload(spec), { directory: '/mesh', capture: 'env' });

describe('planWorkload', () => {
  test('fills in defaults', () => {
    expect(plan({})).toMatchObject({
      replicas: 1,
      command: ['node', 'server.ts'],
      cwd: '/mesh',
      serviceAccount: 'default',
      engine: 'tulle',
      upstreams: [],
      onlyDeclared: false,
      stopSeconds: 2,
      restartPolicy: 'Always',
      backOff: { firstMs: 100, longestMs: 30_000 },
    });
  });

  test('the hash changes with what needs a new process, not with replicas or the order of fields', () => {
    const a = plan({ env: { A: '1', B: '2' }, replicas: 1 });
    expect(plan({ replicas: 5, env: { B: '2', A: '1' } }).hash).toBe(a.hash);
    expect(plan({ env: { A: '1', B: '3' } }).hash).not.toBe(a.hash);
    expect(plan({ env: { A: '1', B: '2' }, labels: { version: 'v2' } }).hash).not.toBe(a.hash);
    expect(plan({ env: { A: '1', B: '2' }, engine: 'envoy' }).hash).not.toBe(a.hash);
  });

  test('environment: a map, or a list with references', () => {
    const { env } = plan({
      env: [
        { name: 'PLAIN', value: 'x' },
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
        { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode', optional: true } } },
      ],
    });
    expect(env).toEqual({
      PLAIN: { kind: 'literal', value: 'x' },
      PASSWORD: { kind: 'secret', name: 'db', key: 'password', optional: false },
      MODE: { kind: 'configMap', name: 'settings', key: 'mode', optional: true },
    });
  });

  test('working directory, back-off, limits', () => {
    const planned = plan({
      workingDirectory: '../apps',
      restartBackoff: { initial: '1s', max: '1m' },
      resources: { limits: { memory: '256Mi', openFiles: 100, cpu: '500m' } },
    });
    expect(planned.cwd).toBe('/apps');
    expect(planned.backOff).toEqual({ firstMs: 1000, longestMs: 60_000 });
    expect(planned.limits).toEqual({ memoryBytes: 256 * 2 ** 20, openFiles: 100 });
    expect(limitedCommand(planned.command ?? [''], planned.limits)).toEqual([
      '/bin/sh',
      '-c',
      'ulimit -d 262144 && ulimit -n 100 && exec "$@"',
      'sh',
      'node',
      'server.ts',
    ]);
    expect(limitedCommand(planned.command ?? [''], {})).toEqual(['node', 'server.ts']);
  });
});

test('a gateway listens by itself: where it is told, else where there is room', async () => {
  let next = 20_000;
  const allocator = { take: () => Promise.resolve(next++) };
  const gateway = (spec: Partial<Workload['spec']>) =>
    planWorkload({ ...workload({}), spec: { role: 'gateway', ...spec } }, { directory: '/', capture: 'env' });
  const fixed = await allocatePorts(allocator, gateway({ ports: [{ port: 8443, targetPort: 443 }] }));
  expect(fixed).toMatchObject({
    admin: 20_000,
    inboundListeners: [{ port: 8443, bindAddress: '127.0.0.1', bindPort: 443 }],
    outbound: { upstreams: [] },
  });
  expect(fixed.httpProxy).toBeUndefined();
  const free = await allocatePorts(allocator, gateway({}));
  expect(free.inboundListeners).toMatchObject([
    { port: 8080, name: 'http', bindPort: 20_002 },
    { port: 8443, name: 'https', bindPort: 20_003 },
  ]);
});

test('needs: through services that select others, and by name', () => {
  const named = (name: string, spec: Partial<Workload['spec']>) =>
    planWorkload(
      { ...workload(spec), metadata: { name, namespace: 'default' } },
      { directory: '/', capture: 'env' },
    );
  const page = named('page', { upstreams: ['reviews:9080', 'elsewhere:1'], dependsOn: ['db'] });
  const reviews = named('reviews-v1', { labels: { app: 'reviews', version: 'v1' } });
  const db = named('db', { labels: { app: 'db' } });
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'reviews', namespace: 'default' },
    spec: { selector: { app: 'reviews' } },
  };
  expect(needsOf(page, [page, reviews, db], [service])).toEqual(['default/db', 'default/reviews-v1']);
});

describe('ports and probes of an instance', () => {
  let next = 20_000;
  const allocator = { take: async () => next++ };

  test('every port has its listener and its own number for the application', async () => {
    next = 20_000;
    const ports = await allocatePorts(
      allocator,
      plan({
        ports: [
          { port: 9080, name: 'http' },
          { port: 9090, targetPort: 7000 },
        ],
        upstreams: ['ratings:9080'],
      }),
    );
    expect(ports.allocated).toEqual([20_000, 20_001, 20_002, 20_003, 20_004, 20_005]);
    expect(ports.inboundListeners).toEqual([
      {
        port: 9080,
        name: 'http',
        bindPort: 20_002,
        appPort: 20_003,
        bindAddress: '127.0.0.1',
        appAddress: '127.0.0.1',
      },
      { port: 9090, bindPort: 20_004, appPort: 7000, bindAddress: '127.0.0.1', appAddress: '127.0.0.1' },
    ]);
    expect(ports.outbound.upstreams).toEqual([
      { host: 'ratings', port: 9080, bindAddress: '127.0.0.1', bindPort: 20_005 },
    ]);
    expect([9080, 'http', 9090, undefined, 5555, 'other'].map((known) => ports.appPort(known))).toEqual([
      20_003,
      20_003,
      7000,
      20_003,
      5555,
      undefined,
    ]);
  });

  test('an open port means ready when nothing else is said; running does without ports', async () => {
    const app = { env: {}, cwd: '/' };
    const withPort = plan({ ports: [{ port: 9080 }] });
    const ports = await allocatePorts(allocator, withPort);
    expect(planProbes(withPort, ports, app).readiness.action).toEqual({
      kind: 'tcpSocket',
      port: ports.appPort(9080),
    });
    const without = plan({});
    expect(planProbes(without, await allocatePorts(allocator, without), app).readiness.action).toEqual({
      kind: 'none',
    });
  });

  test('probes as written, with Kubernetes’ defaults', async () => {
    const planned = plan({
      ports: [{ port: 9080, name: 'http' }],
      probes: {
        readiness: { httpGet: { port: 'http', path: '/health' } },
        liveness: { exec: { command: ['true'] }, periodSeconds: 1 },
      },
    });
    const ports = await allocatePorts(allocator, planned);
    expect(planProbes(planned, ports, { env: { A: '1' }, cwd: '/x' })).toEqual({
      readiness: {
        action: { kind: 'httpGet', port: ports.appPort(9080), path: '/health', headers: {} },
        initialDelayMs: 0,
        periodMs: 10_000,
        timeoutMs: 1000,
        successThreshold: 1,
        failureThreshold: 3,
      },
      liveness: expect.objectContaining({
        action: { kind: 'exec', command: ['true'], env: { A: '1' }, cwd: '/x' },
        periodMs: 1000,
      }),
    });
  });
});

test('quantities', () => {
  expect(['256Mi', '1.5G', '500m', '64', 'x', '-1'].map(parseQuantity)).toEqual([
    256 * 2 ** 20,
    1.5e9,
    0.5,
    64,
    undefined,
    undefined,
  ]);
});

test('users by name and number', () => {
  const read = (path: string): string =>
    path === '/etc/passwd' ? 'root:x:0:0::/:\nweb:x:33:34::/:\n' : 'staff:x:50:\n';
  expect(findUser('web', read)).toEqual({ uid: 33, gid: 34 });
  expect(findUser('33', read)).toEqual({ uid: 33, gid: 34 });
  expect(findUser('web:staff', read)).toEqual({ uid: 33, gid: 50 });
  expect(findUser('1234', read)).toEqual({ uid: 1234, gid: 1234 });
  expect(() => findUser('nobody-here', read)).toThrow('no such user: nobody-here');
});
