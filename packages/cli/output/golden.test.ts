import { findKindByName } from '@tulle/resources/kinds';
import { byType } from '@tulle/xds/resource';
import { describe, expect, test } from 'vitest';
import type { MeshStatus } from '../api/mesh-status.ts';
import type { ProxyStatus, ProxyTypeStatus } from '../api/proxies.ts';
import { renderDescription } from '../commands/describe.ts';
import { renderProxyStatus } from '../commands/proxy-status.ts';
import { type LiveRow, renderLiveTable } from '../up/screen/live-table.ts';
import { palette } from './color.ts';
import { formatAgeOf, formatLatency } from './duration.ts';
import { renderMeshStatus } from './mesh-status.ts';
import { renderResourceTable } from './resource-table.ts';

const plain = palette(false);
const now = Date.parse('2026-11-21T12:00:00Z');
/** Nothing wraps in a terminal of 80 columns. */
async function within80(text: string, name: string): Promise<void> {
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  await expect(text).toMatchFileSnapshot(golden(name));
}
const golden = (name: string): string => `golden/${name}.txt`;

test('status', async () => {
  const instance = {
    namespace: 'default',
    role: 'sidecar',
    engine: 'tulle',
    capture: 'env',
    ready: true,
    draining: false,
    connected: true,
    synced: true,
    certificateExpires: '2026-11-22T11:58:00Z',
  };
  const status: MeshStatus = {
    mesh: 'bookinfo',
    file: '/work/examples/bookinfo/mesh.yaml',
    state: '/home/me/.local/state/tulle/bookinfo-1a2b3c4d',
    startedAt: '2026-11-21T11:56:48Z',
    trustDomain: 'cluster.local',
    mtls: 'STRICT',
    urls: { http: 'http://127.0.0.1:8080', https: 'https://127.0.0.1:8443', api: 'http://127.0.0.1:8090' },
    pids: { supervisor: 4711, controlPlane: 4712 },
    services: [
      { namespace: 'default', name: 'reviews', ports: ['9080/http'], readyEndpoints: 1, endpoints: 2 },
      {
        namespace: 'tulle-system',
        name: 'ingressgateway',
        ports: ['80/http2', '443/https'],
        readyEndpoints: 1,
        endpoints: 1,
      },
    ],
    workloads: [
      {
        namespace: 'default',
        name: 'reviews-v1',
        version: 'v1',
        serviceAccount: 'bookinfo-reviews',
        replicas: 1,
        readyReplicas: 1,
        messages: [],
      },
      {
        namespace: 'default',
        name: 'reviews-v2',
        version: 'v2',
        serviceAccount: 'bookinfo-reviews',
        replicas: 1,
        readyReplicas: 0,
        messages: ['reviews-v2-0: exit code 1'],
      },
    ],
    proxies: [
      {
        ...instance,
        name: 'reviews-v1-0',
        workload: 'reviews-v1',
        pid: 5001,
        proxyPid: 5000,
        adminAddress: '127.0.0.1:20100',
      },
      {
        ...instance,
        name: 'reviews-v2-0',
        workload: 'reviews-v2',
        capture: 'transparent',
        connected: false,
        synced: false,
        proxyPid: 5002,
      },
    ],
  };
  await expect(renderMeshStatus(status, now, plain)).toMatchFileSnapshot(golden('status'));

  const namespace = 'payments-and-settlements';
  const long = 'customer-recommendation-engine-canary-v17';
  const [service, workload, proxy] = [status.services[0], status.workloads[0], status.proxies[0]];
  if (!service || !workload || !proxy) throw new Error('the status is empty');
  const wide: MeshStatus = {
    ...status,
    services: [...status.services, { ...service, namespace, name: 'customer-recommendation-engine' }],
    workloads: [
      ...status.workloads,
      {
        ...{ ...workload, namespace, name: long, serviceAccount: 'customer-recommendation-engine' },
        messages: [`${long} can't start: there is no service account customer-recommendation-engine`],
      },
    ],
    proxies: [...status.proxies, { ...proxy, namespace, name: `${long}-0`, workers: 4, readyWorkers: 3 }],
  };
  await within80(renderMeshStatus(wide, now, plain, 80), 'status-80');
});

test('proxy-status', async () => {
  const type = (more: Partial<ProxyTypeStatus> = {}): ProxyTypeStatus => ({
    subscribed: true,
    synced: true,
    wantedVersion: '9f86d081884c',
    sentVersion: '9f86d081884c',
    acknowledgedVersion: '9f86d081884c',
    resources: 7,
    lagMs: 0,
    ...more,
  });
  const proxy = (name: string, more: Partial<ProxyStatus['types']> = {}): ProxyStatus => ({
    metadata: { name, namespace: 'default' },
    role: 'sidecar',
    engine: 'tulle',
    workload: name.replace(/-\d+$/, ''),
    serviceAccount: 'default',
    identity: 'spiffe://cluster.local/ns/default/sa/default',
    certificateExpires: '2026-11-22T11:58:00Z',
    connectedSince: '2026-11-21T11:58:30Z',
    peer: '127.0.0.1:40000',
    synced: true,
    types: { ...byType(() => type()), ...more },
  });
  const proxies = [
    proxy('details-v1-0'),
    proxy('reviews-v1-0', {
      route: type({ synced: false, lagMs: 12.4 }),
      listener: type({
        nack: {
          message: 'unsupported field route.RouteAction.cluster_header',
          resources: ['outbound_9080_ratings'],
          at: '2026-11-21T11:59:00Z',
        },
      }),
      secret: type({ subscribed: false }),
      workload: type({ subscribed: false }),
    }),
  ];
  await expect(renderProxyStatus(proxies, now, plain)).toMatchFileSnapshot(golden('proxy-status'));
  await within80(renderProxyStatus(proxies, now, plain, 80), 'proxy-status-80');
});

test('the live table', async () => {
  const row = (service: string, version: string, more: Partial<LiveRow>): LiveRow => ({
    service,
    version,
    instances: 1,
    readyInstances: 1,
    restarts: 0,
    message: '',
    rate: undefined,
    ...more,
  });
  const rate = (requests: number, succeeded: number) => ({
    seconds: 5,
    traffic: {
      requests,
      succeeded,
      buckets: new Map([
        [1, requests / 2],
        [25, requests],
        [Number.POSITIVE_INFINITY, requests],
      ]),
    },
  });
  const rows = [
    row('ingressgateway', '-', { rate: rate(1234, 1234) }),
    row('productpage', 'v1', { rate: rate(31, 30), instances: 2 }),
    row('reviews', 'v1', { rate: rate(0, 0), readyInstances: 1, instances: 2, restarts: 3 }),
    row('reviews', 'v2', { readyInstances: 0, message: 'exit code 1', restarts: 1 }),
    row('reviews', 'v3', { readyInstances: 0 }),
  ];
  await expect(renderLiveTable(rows, plain, undefined)).toMatchFileSnapshot(golden('live-table'));
  expect(
    renderLiveTable(rows, plain, 30)
      .split('\n')
      .every((line) => line.length <= 30),
  ).toBe(true);
});

describe('resources', () => {
  const virtualService = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: {
      name: 'reviews',
      namespace: 'default',
      labels: { app: 'reviews' },
      creationTimestamp: '2026-11-21T11:00:00Z',
      generation: 2,
    },
    spec: {
      hosts: ['reviews', 'reviews.example.com'],
      http: [{ route: [{ destination: { host: 'reviews', subset: 'v1' } }] }],
    },
    status: {
      conditions: [
        {
          type: 'Accepted',
          status: 'True' as const,
          reason: 'Accepted',
          message: '',
          lastTransitionTime: '2026-11-21T11:00:00Z',
        },
        {
          type: 'Applied',
          status: 'True' as const,
          reason: 'AllProxies',
          message: 'Applied 7/7',
          lastTransitionTime: '2026-11-21T11:59:58Z',
        },
      ],
    },
  };

  test('a table', async () => {
    const kind = findKindByName('vs');
    if (kind === undefined) throw new Error('no kind vs');
    const other = { ...virtualService, metadata: { name: 'other', namespace: 'default' }, status: {} };
    const text = renderResourceTable(kind, [virtualService, other], {
      wide: false,
      showNamespace: true,
      now,
    });
    await expect(text).toMatchFileSnapshot(golden('get'));
  });

  test('in detail', async () => {
    await expect(renderDescription(virtualService, [], now, undefined)).toMatchFileSnapshot(
      golden('describe'),
    );
    await within80(renderDescription(virtualService, [], now, 80), 'describe-80');
  });
});

test('ages and times', () => {
  const ageAfter = (ms: number): string => formatAgeOf(new Date(now - ms).toISOString(), now);
  expect([45_000, 192_000].map(ageAfter)).toEqual(['45s', '3m12s']);
  expect([undefined, 'not a time'].map((text) => formatAgeOf(text, now))).toEqual(['<unknown>', '<unknown>']);
  expect([0.42, 12.4, 999, 1240].map(formatLatency)).toEqual(['0.4ms', '12ms', '999ms', '1.24s']);
});
