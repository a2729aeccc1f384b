import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';
import { ControlPlane } from './xds-envoy/recorded-control-plane.ts';
import { cluster, endpoints, listener, type Parts, route, snapshotOf } from './xds-envoy/resources.ts';

/**
 * A real Envoy, configured by our ADS server alone. With UPDATE_GOLDEN=1 the requests and responses of the
 * delta run are written to packages/xds/server/testdata, where `envoy-session.test.ts` replays them.
 */
const golden = join(
  import.meta.dirname,
  '..',
  '..',
  'packages',
  'xds',
  'server',
  'testdata',
  'envoy-session.json',
);
const rewrite = process.env.UPDATE_GOLDEN === '1';
if (rewrite && process.env.CI) throw new Error('UPDATE_GOLDEN rewrites what CI is to check: not here');

/** Cleanups of a test, last first. */
const cleanups = cleanupAfterEach();

const listening = (server: net.Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
  );

async function backend(body: string): Promise<number> {
  const server = http.createServer((_, response) => response.end(body));
  cleanups.push(() => server.close());
  return await listening(server);
}

/** The body, or the error's code. */
const get = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });

/** Workers take a configuration a moment after the main thread has acknowledged it. */
async function getUntil(port: number, wanted: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let body = await get(port); body !== wanted; body = await get(port)) {
    if (Date.now() > deadline) throw new Error(`${body} instead of ${wanted}`);
  }
}

function startEnvoy(xdsPort: number, apiType: 'DELTA_GRPC' | 'GRPC'): ChildProcess {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-xds-envoy-'));
  const source = { ads: {}, resource_api_version: 'V3' };
  const http2 = {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: { http2_protocol_options: {} },
  };
  const bootstrap = {
    node: { id: 'envoy', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
      },
      cds_config: source,
      lds_config: source,
    },
    static_resources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': http2,
          },
          load_assignment: {
            cluster_name: 'xds',
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: xdsPort } } },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
  const file = join(folder, 'bootstrap.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const args = [
    '-c',
    file,
    '-l',
    'warn',
    '--concurrency',
    '1',
    '--disable-hot-restart',
    '--drain-time-s',
    '1',
    '--parent-shutdown-time-s',
    '2',
  ];
  const log = join(folder, 'log');
  const envoy = spawn('envoy', [...args, '--log-path', log], { stdio: 'ignore' });
  const exited = new Promise((resolve) => envoy.once('exit', resolve));
  cleanups.push(async () => {
    envoy.kill('SIGKILL');
    await exited;
    if (process.env.TULLE_SHOW_ENVOY) process.stderr.write(readFileSync(log));
    rmSync(folder, { recursive: true, force: true });
  });
  return envoy;
}

describeWithPeers('Envoy on our ADS server', ['envoy'], () => {
  test('delta: starts, follows changes, refuses, resumes after a restart, and traffic flows all the while', async () => {
    const [one, two, web] = await Promise.all([backend('one'), backend('two'), freePort()]);
    const first: Parts = {
      cluster: [cluster('a', '1')],
      endpoint: [endpoints('a', '1', one)],
      listener: [listener('web', '1', web)],
      route: [route('1', 'a')],
    };
    const plane = new ControlPlane(snapshotOf(first));
    const xdsPort = await plane.listen();
    cleanups.push(() => plane.stop());
    const envoy = startEnvoy(xdsPort, 'DELTA_GRPC');

    await plane.until('ack cluster a@1');
    await plane.until('ack endpoint a@1');
    await plane.until('ack listener web@1');
    await plane.until('ack route routes@1');
    await getUntil(web, 'one');

    // Endpoints alone.
    plane.set(snapshotOf({ ...first, endpoint: [endpoints('a', '2', two)] }));
    await plane.until('ack endpoint a@2');
    await getUntil(web, 'two');

    // A cluster that changes is warmed with the endpoints that it had.
    plane.set(
      snapshotOf({ ...first, cluster: [cluster('a', '2', 2)], endpoint: [endpoints('a', '2', two)] }),
    );
    await plane.until('ack cluster a@2');
    await plane.until('ack endpoint a@2');
    expect(await get(web)).toBe('two');

    // A route moves to a new cluster; the old one goes when it has.
    const moved: Parts = {
      cluster: [cluster('b', '1')],
      endpoint: [endpoints('b', '1', one)],
      listener: [listener('web', '1', web)],
      route: [route('2', 'b')],
    };
    plane.set(snapshotOf(moved));
    await plane.until('ack cluster b@1');
    await plane.until('ack endpoint b@1');
    await plane.until('ack route routes@2');
    await plane.until('ack cluster -a');
    await getUntil(web, 'one');

    // A listener that Envoy refuses (no stat_prefix), beside one that is well.
    const extra = await freePort();
    const bad = listener('bad', '1', extra, '');
    plane.set(
      snapshotOf({ ...moved, listener: [listener('web', '1', web), bad, listener('extra', '1', extra)] }),
    );
    expect(await plane.until(/^nack/)).toMatch(
      /^nack listener bad: Error adding\/updating listener\(s\) bad: /,
    );
    await getUntil(extra, 'one');
    expect(await get(web)).toBe('one');

    // The control plane restarts: Envoy says what it has and gets what differs.
    plane.stop();
    await plane.until('lost');
    expect(await get(web)).toBe('one');
    const second = new ControlPlane(snapshotOf({ ...moved, endpoint: [endpoints('b', '2', two)] }));
    await second.listen(xdsPort);
    cleanups.push(() => second.stop());
    await second.until('ack listener -extra');
    await getUntil(web, 'two');
    await getUntil(extra, 'ECONNREFUSED');
    const sent = second.record
      .filter(({ kind }) => kind === 'response')
      .flatMap(({ resources, removed }) => [resources, removed])
      .flat();
    expect(sent.toSorted()).toEqual(['b@2', 'extra']);

    envoy.kill('SIGTERM');
    await second.until(/^(lost|goodbye)$/);
    if (rewrite) writeFileSync(golden, `${JSON.stringify([plane.record, second.record], null, 1)}\n`);
  });

  test('state of the world: the same server serves clients of the older protocol', async () => {
    const [one, two, web] = await Promise.all([backend('one'), backend('two'), freePort()]);
    const first: Parts = {
      cluster: [cluster('a', '1')],
      endpoint: [endpoints('a', '1', one)],
      listener: [listener('web', '1', web)],
      route: [route('1', 'a')],
    };
    const plane = new ControlPlane(snapshotOf(first));
    const xdsPort = await plane.listen();
    cleanups.push(() => plane.stop());
    startEnvoy(xdsPort, 'GRPC');
    await plane.until('ack route routes@1');
    await getUntil(web, 'one');
    const moved: Parts = {
      cluster: [cluster('b', '1')],
      endpoint: [endpoints('b', '1', two)],
      listener: first.listener ?? [],
      route: [route('2', 'b')],
    };
    plane.set(snapshotOf(moved));
    await plane.until('ack route routes@2');
    await getUntil(web, 'two');
    await plane.until(/^ack cluster .*-a/);
    plane.set(snapshotOf({ ...moved, listener: [] }));
    await getUntil(web, 'ECONNREFUSED');
  });
});
