import { get } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Tables } from '@tulle/decision/tables/tables';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from './engine.ts';
import { createObservation, type Observation } from './observation.ts';
import { prometheusText } from './telemetry/prometheus.ts';
import { named, tcpBackend } from './testing/backend.ts';
import { cleanupAfterEach } from './testing/cleanup.ts';
import { ask } from './testing/client.ts';
import { portOf, startEngine } from './testing/engine.ts';
import { identityFor, meshed, mtlsInbound, mtlsOutbound, nodeOf, uriOf } from './testing/mesh.ts';
import {
  chain,
  cluster,
  edgeRules,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from './testing/tables.ts';
import { TimerWheel } from './timers/wheel.ts';

const istio = { headers: [{ istio_headers: {} }] };
const filters = (side: 'inbound' | 'outbound') => [
  {
    name: 'envoy.filters.http.peer_metadata',
    typeUrl: 'type.googleapis.com/io.istio.http.peer_metadata.Config',
    config:
      side === 'inbound'
        ? { downstream_discovery: istio.headers, downstream_propagation: istio.headers }
        : { upstream_discovery: istio.headers, upstream_propagation: istio.headers },
  },
  { name: 'istio.stats', typeUrl: 'type.googleapis.com/stats.PluginConfig', config: {} },
  {
    name: 'router',
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
    config: {},
  },
];
const service = { host: 'server.default.svc.cluster.local', name: 'server', namespace: 'default' };

const cleanup = cleanupAfterEach();
let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

interface Sidecar {
  readonly engine: Engine;
  readonly observation: Observation;
  metrics(): string;
}

async function sidecar(workload: string, configured: Tables): Promise<Sidecar> {
  const wheel = new TimerWheel();
  const node = nodeOf(workload);
  let running: Engine | undefined;
  const observation = createObservation({
    node,
    uri: uriOf(workload),
    wheel,
    stdout: process.stdout,
    stderr: process.stderr,
    tables: () => running?.tables,
  });
  const engine = await startEngine(tables({}), {
    node,
    uri: uriOf(workload),
    wheel,
    observe: observation.observers,
  });
  running = engine;
  cleanup.push(() => engine.destroy());
  engine.setIdentity(await identityFor(authority, workload));
  const failures = await engine.apply(configured);
  expect(failures).toEqual([]);
  return { engine, observation, metrics: () => prometheusText(observation.registry) };
}

/** A STRICT inbound side in front of `port`. */
const inbound = (
  port: number,
  tcp = false,
  tls = mtlsInbound,
  secrets: Tables['secrets'] = new Map(),
): Tables => {
  const filter = tcp
    ? chain({
        kind: 'tcp',
        proxy: {
          statPrefix: 'in',
          clusters: forward('inbound').clusters,
          idleTimeoutMs: 60_000,
          maxConnectAttempts: 1,
          accessLogs: [],
        },
      })
    : httpChain(
        manager(routeTable([host([route(forward('inbound'))])]), {
          filters: filters('inbound'),
          edge: edgeRules({ clientCertificate: { mode: 'append-forward', details: ['subject', 'uri'] } }),
        }),
      );
  return tables({
    listeners: [
      listener(
        'inbound',
        [
          {
            ...filter,
            tls,
            match: { serverNames: [], transportProtocol: 'tls', applicationProtocols: [] },
          },
        ],
        {
          direction: 'inbound',
          inspectTls: true,
        },
      ),
    ],
    clusters: [cluster('inbound', [endpoint(port)], { service })],
    secrets,
  });
};

const toServer = (port: number, account = 'server') =>
  cluster('server', [meshed(port, 'server')], {
    service,
    tlsMatches: [{ match: { tlsMode: 'istio' }, tls: mtlsOutbound(account) }, { match: {} }],
  });

/** The outbound HTTP proxy of a client of `server`. */
const outbound = (port: number, account?: string): Tables =>
  tables({
    listeners: [
      listener('http_proxy', [
        httpChain(
          manager(
            routeTable([
              host(
                [
                  route(forward('server', { upgrades: ['connect'] }), {
                    match: { path: { kind: 'connect' } },
                  }),
                  route(forward('server')),
                ],
                {
                  domains: ['server', 'server:9080'],
                },
              ),
            ]),
            { filters: filters('outbound'), upgrades: ['websocket'] },
          ),
        ),
      ]),
      listener('tcp', [
        chain({
          kind: 'tcp',
          proxy: {
            statPrefix: 'out',
            clusters: forward('server').clusters,
            idleTimeoutMs: 60_000,
            maxConnectAttempts: 2,
            accessLogs: [],
          },
        }),
      ]),
    ],
    clusters: [toServer(port, account)],
  });

describe('two sidecars', () => {
  it('carry a request over mTLS; both know each other, the application sees neither metadata nor spoofing', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const server = await sidecar('server', inbound(app.port));
    const client = await sidecar('client', outbound(portOf(server.engine, 'inbound')));
    const answer = await ask(portOf(client.engine, 'http_proxy'), {
      host: 'server:9080',
      headers: {
        'x-envoy-peer-metadata': 'c3Bvb2Y=',
        'x-envoy-peer-metadata-id': 'spoof',
        'x-forwarded-client-cert': 'By=spoof',
      },
    });
    expect(answer.status).toBe(200);
    const seen = JSON.parse(answer.body).headers;
    expect(seen['x-envoy-peer-metadata']).toBeUndefined();
    expect(seen['x-envoy-peer-metadata-id']).toBeUndefined();
    expect(seen['x-forwarded-client-cert']).toMatch(
      new RegExp(`^By=${uriOf('server')};Hash=[0-9a-f]{64};Subject="";URI=${uriOf('client')}$`),
    );
    expect(answer.headers['x-envoy-peer-metadata']).toBeUndefined();
    const source = client
      .metrics()
      .split('\n')
      .find((line) => line.startsWith('istio_requests_total'));
    const destination = server
      .metrics()
      .split('\n')
      .find((line) => line.startsWith('istio_requests_total'));
    for (const line of [source, destination]) {
      expect(line).not.toContain('"unknown"');
      expect(line).toContain('source_workload="client"');
      expect(line).toContain('destination_workload="server"');
      expect(line).toContain('destination_service="server.default.svc.cluster.local"');
      expect(line).toContain('connection_security_policy="mutual_tls"');
      expect(line).toContain(`source_principal="${uriOf('client')}"`);
      expect(line).toContain(`destination_principal="${uriOf('server')}"`);
      expect(line).toMatch(/ 1$/);
    }
  });

  it('say who they are only by the certificate that they showed: a gateway may have others', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const { chainPem, keyPem } = await authority.issue({ dnsNames: ['shop.test'] });
    const secrets = new Map([['shop', { kind: 'certificate' as const, chainPem, keyPem }]]);
    const tls = { ...mtlsInbound, certificateSecrets: ['shop'] };
    const server = await sidecar('server', inbound(app.port, false, tls, secrets));
    const client = await identityFor(authority, 'client');
    const port = portOf(server.engine, 'inbound');
    const answer = await new Promise<string>((resolve, reject) => {
      const tls = {
        ca: authority.rootPem,
        cert: client.chainPem,
        key: client.keyPem,
        servername: 'shop.test',
      };
      get({ host: '127.0.0.1', port, agent: false, ...tls }, (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve(body));
      }).on('error', reject);
    });
    expect(JSON.parse(answer).headers['x-forwarded-client-cert']).toMatch(
      new RegExp(`^Hash=[0-9a-f]{64};Subject="";URI=${uriOf('client')}$`),
    );
  });

  it('refuse a server of another identity', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const server = await sidecar('server', inbound(app.port));
    const client = await sidecar('client', outbound(portOf(server.engine, 'inbound'), 'other'));
    const answer = await ask(portOf(client.engine, 'http_proxy'), { host: 'server:9080' });
    expect(answer.status).toBe(503);
    expect(answer.body).toContain('TLS');
    expect(app.count()).toBe(0);
  });

  it('refuse plain text at a STRICT port', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const server = await sidecar('server', inbound(app.port));
    await expect(ask(portOf(server.engine, 'inbound'))).rejects.toThrow();
    expect(app.count()).toBe(0);
  });

  it('rotate identities without losing a connection', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const server = await sidecar('server', inbound(app.port));
    const client = await sidecar('client', outbound(portOf(server.engine, 'inbound')));
    const port = portOf(client.engine, 'http_proxy');
    expect((await ask(port, { host: 'server' })).status).toBe(200);
    server.engine.setIdentity(await identityFor(authority, 'server'));
    client.engine.setIdentity(await identityFor(authority, 'client'));
    expect((await ask(port, { host: 'server' })).status).toBe(200);
    expect(client.engine.clusters.get('server')?.endpoints[0]?.counters.connectionsTotal).toBe(1);
  });
});

/** Sends text and collects what comes until the other side has ended. */
function talk(port: number, steps: (socket: Socket, received: () => string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      steps(socket, () => received);
    });
    socket.on('connect', () => steps(socket, () => received));
    socket.on('end', () => {
      socket.end();
      resolve(received);
    });
    socket.on('error', reject);
  });
}

describe('tunnels', () => {
  it('route the HTTP in a CONNECT like any request', async () => {
    const app = await named('app');
    cleanup.push(() => app.close());
    const server = await sidecar('server', inbound(app.port));
    const client = await sidecar('client', outbound(portOf(server.engine, 'inbound')));
    const answer = await talk(portOf(client.engine, 'http_proxy'), (socket, received) => {
      if (received() === '') socket.write('CONNECT server:9080 HTTP/1.1\r\nHost: server:9080\r\n\r\n');
      else if (received() === 'HTTP/1.1 200 OK\r\n\r\n')
        socket.write('GET /in HTTP/1.1\r\nHost: server:9080\r\nConnection: close\r\n\r\n');
    });
    expect(answer).toContain('"url":"/in"');
    expect(answer).toContain('x-envoy-upstream-service-time');
  });

  it('carry other bytes in a CONNECT to the service as they are', async () => {
    const echo = await tcpBackend((socket) => socket.pipe(socket));
    cleanup.push(() => echo.close());
    const server = await sidecar('server', inbound(echo.port, true));
    const client = await sidecar('client', outbound(portOf(server.engine, 'inbound')));
    const answer = await talk(portOf(client.engine, 'http_proxy'), (socket, received) => {
      if (received() === '') socket.write('CONNECT server:9080 HTTP/1.1\r\nHost: server:9080\r\n\r\n');
      else if (received().endsWith('\r\n\r\n')) socket.end('\x00\x01binary');
    });
    expect(answer).toBe('HTTP/1.1 200 OK\r\n\r\n\x00\x01binary');
  });

  it('refuse a CONNECT that no route takes', async () => {
    const client = await sidecar('client', outbound(1));
    const answer = await talk(portOf(client.engine, 'http_proxy'), (socket, received) => {
      if (received() === '')
        socket.write('CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\nConnection: close\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
  });

  it('upgrade to websocket and pass bytes both ways', async () => {
    const ws = await tcpBackend((socket) => {
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
        );
        socket.on('data', (chunk: Buffer) => socket.end(`got ${chunk}`));
      });
    });
    cleanup.push(() => ws.close());
    const engine = await startEngine(
      tables({
        listeners: [
          listener('l', [
            httpChain(manager(routeTable([host([route(forward('a'))])]), { upgrades: ['websocket'] })),
          ]),
        ],
        clusters: [cluster('a', [endpoint(ws.port)])],
      }),
    );
    cleanup.push(() => engine.destroy());
    const answer = await talk(portOf(engine, 'l'), (socket, received) => {
      if (received() === '')
        socket.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      else if (received().endsWith('hello')) socket.write('there');
    });
    expect(answer).toMatch(/^HTTP\/1.1 101 [\s\S]*hellogot there$/);
    await expect.poll(() => engine.clusters.get('a')?.endpoints[0]?.active).toBe(0);
  });
});

describe('TCP', () => {
  it('is carried over mTLS with half-close, counted on both sides', async () => {
    const echo = await tcpBackend((socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end(Buffer.concat(chunks)));
    });
    cleanup.push(() => echo.close());
    const server = await sidecar('server', inbound(echo.port, true));
    const client = await sidecar('client', outbound(portOf(server.engine, 'inbound')));
    const size = 2 * 1024 * 1024;
    const answer = await talk(portOf(client.engine, 'tcp'), (socket, received) => {
      if (received() === '') socket.end('x'.repeat(size));
    });
    expect(answer.length).toBe(size);
    await expect.poll(() => client.metrics()).toMatch(/istio_tcp_connections_closed_total.* 1\n/);
    expect(client.metrics()).toMatch(
      new RegExp(`istio_tcp_sent_bytes_total{.*destination_workload="server".*} ${size}`),
    );
    expect(server.metrics()).toMatch(
      new RegExp(`istio_tcp_received_bytes_total{.*reporter="destination".*} ${size}`),
    );
  });

  it('tries other endpoints, then gives up', async () => {
    const client = await sidecar('client', outbound(1));
    await expect(talk(portOf(client.engine, 'tcp'), () => {}))
      .resolves.toBe('')
      .catch(() => {});
    await expect.poll(() => client.engine.clusters.get('server')?.breakers.default.connections.value).toBe(0);
    expect(client.engine.clusters.get('server')?.endpoints[0]?.counters.connectFailures).toBe(2);
  });
});
