/** TLS with others' TLS: OpenSSL's own client, curl, and Envoy as client and as server. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from '@tulle/data-plane/engine';
import { named } from '@tulle/data-plane/testing/backend';
import { ask } from '@tulle/data-plane/testing/client';
import { portOf, startEngine } from '@tulle/data-plane/testing/engine';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { mtlsInbound, mtlsOutbound, uriOf } from '@tulle/data-plane/testing/mesh';
import {
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
} from '@tulle/data-plane/testing/tables';
import { variantsOf } from '@tulle/data-plane/upstream/transport';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeWithPeers } from './peer.ts';

const cleanup: (() => unknown)[] = [];
let folder: string;
let authority: TestAuthority;
let engine: Engine;
let appPort: number;

const identityOf = (leaf: TestLeaf) => ({ ...leaf, rootsPem: authority.rootPem });
const serverLeaf = (): Promise<TestLeaf> =>
  authority.issue({ uris: [uriOf('server')], dnsNames: ['localhost'] });

/** Any TLS that is not broken, as a gateway with optional client certificates. */
const open: DownstreamTls = {
  ...mtlsInbound,
  minVersion: 'TLSv1.2',
  requireClientCertificate: false,
  alpn: ['http/1.1'],
};
const answering = (tls: DownstreamTls) =>
  httpChain(
    manager(routeTable([host([route(forward('app'))])]), {
      edge: edgeRules({ clientCertificate: { mode: 'sanitize-set', details: ['uri'] } }),
    }),
    { tls },
  );

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tulle-tls-'));
  authority = await testAuthority();
  const app = await named('app');
  appPort = app.port;
  engine = await startEngine(tables({}), { uri: uriOf('server') });
  engine.setIdentity(identityOf(await serverLeaf()));
  await engine.apply(
    tables({
      listeners: [
        listener('strict', [answering(mtlsInbound)], { direction: 'inbound' }),
        listener('open', [answering(open)], { direction: 'inbound' }),
      ],
      clusters: [cluster('app', [endpoint(app.port)])],
    }),
  );
  const client = await authority.issue({ uris: [uriOf('client')] });
  file('root.pem', authority.rootPem);
  file('chain.pem', client.chainPem);
  file('key.pem', client.keyPem);
  cleanup.push(
    () => app.close(),
    () => engine.destroy(),
    () => rmSync(folder, { recursive: true, force: true }),
  );
});
afterEach(async () => {
  for (const step of cleanup.splice(0).reverse()) await step();
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const inFolder = (name: string): string => join(folder, name);
const mutual = (certificate: string, key: string): string[] => [
  certificate,
  inFolder('chain.pem'),
  key,
  inFolder('key.pem'),
];

describeWithPeers('OpenSSL’s client', ['openssl'], () => {
  const request = 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n';

  async function connect(port: string, ...more: string[]): Promise<string> {
    const where = ['-connect', `127.0.0.1:${portOf(engine, port)}`, '-CAfile', inFolder('root.pem')];
    const child = spawn('openssl', ['s_client', ...where, ...mutual('-cert', '-key'), '-ign_eof', ...more]);
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    child.stdin.on('error', () => {});
    child.stdin.write(request);
    await once(child, 'close');
    return said;
  }

  test('resumes in TLS 1.3 until the identity changes', async () => {
    const session = inFolder('session');
    const first = await connect('strict', '-sess_out', session);
    expect(first).toMatch(/New, TLSv1\.3/);
    expect(first).toContain('200 OK');
    const second = await connect('strict', '-sess_in', session);
    expect(second).toMatch(/Reused, TLSv1\.3/);
    expect(second).toContain('200 OK');
    engine.setIdentity(identityOf(await serverLeaf()));
    expect(await connect('strict', '-sess_in', session)).toMatch(/New, TLSv1\.3/);
  });

  test('resumes in TLS 1.2 as often as it likes', async () => {
    const session = inFolder('session');
    await connect('open', '-tls1_2', '-sess_out', session);
    for (let i = 0; i < 2; i++)
      expect(await connect('open', '-tls1_2', '-sess_in', session)).toMatch(/Reused, TLSv1\.2/);
  });

  test('gets no old version', async () => {
    expect(await connect('strict', '-tls1_2')).not.toContain('200 OK');
    expect(await connect('open', '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).not.toContain('200 OK');
  });
});

describeWithPeers('curl', ['curl'], () => {
  const curl = async (port: string, ...more: string[]) => {
    const url = `https://localhost:${portOf(engine, port)}/`;
    const base = ['-sS', '-v', '--noproxy', '*', '--resolve', `localhost:${portOf(engine, port)}:127.0.0.1`];
    return promisify(execFile)('curl', [...base, '--cacert', inFolder('root.pem'), ...more, url]);
  };

  test('verifies us by name, over either version, with a certificate or without', async () => {
    for (const version of ['1.2', '1.3']) {
      const { stdout, stderr } = await curl('open', '--tls-max', version);
      expect(stdout).toContain('app');
      expect(stderr).toContain(`TLSv${version}`);
      expect(stderr).toContain('ALPN');
    }
    expect((await curl('strict', ...mutual('--cert', '--key'))).stdout).toContain('app');
    await expect(curl('strict')).rejects.toThrow(/certificate required|alert/);
  });
});

describeWithPeers('Envoy', ['envoy'], () => {
  const at = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const common = {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
    validation_context: { trusted_ca: { filename: '' }, match_typed_subject_alt_names: [] as object[] },
  };
  const socket = (context: 'Upstream' | 'Downstream', peer: string, more: object) => ({
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${context}TlsContext`,
      ...more,
      common_tls_context: {
        ...common,
        tls_certificates: [
          {
            certificate_chain: { filename: inFolder('chain.pem') },
            private_key: { filename: inFolder('key.pem') },
          },
        ],
        validation_context: {
          trusted_ca: { filename: inFolder('root.pem') },
          match_typed_subject_alt_names: [{ san_type: 'URI', matcher: { exact: peer } }],
        },
      },
    },
  });

  /** An Envoy that forwards, from one port to another; what its statistics say. */
  async function envoy(
    from: object,
    to: number,
    upstream: object,
  ): Promise<{ port: number; stats: () => Promise<string> }> {
    const [port, admin] = [await freePort(), await freePort()];
    const bootstrap = {
      admin: { address: at(admin) },
      static_resources: {
        listeners: [
          {
            name: 'in',
            address: at(port),
            filter_chains: [
              {
                ...from,
                filters: [
                  {
                    name: 'hcm',
                    typed_config: {
                      '@type':
                        'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                      stat_prefix: 'in',
                      forward_client_cert_details: 'SANITIZE_SET',
                      set_current_client_cert_details: { uri: true },
                      route_config: {
                        virtual_hosts: [
                          {
                            name: 'all',
                            domains: ['*'],
                            routes: [{ match: { prefix: '/' }, route: { cluster: 'to' } }],
                          },
                        ],
                      },
                      http_filters: [
                        {
                          name: 'envoy.filters.http.router',
                          typed_config: {
                            '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                          },
                        },
                      ],
                    },
                  },
                ],
              },
            ],
          },
        ],
        clusters: [
          {
            name: 'to',
            type: 'STATIC',
            connect_timeout: '5s',
            load_assignment: {
              cluster_name: 'to',
              endpoints: [{ lb_endpoints: [{ endpoint: { address: at(to) } }] }],
            },
            typed_extension_protocol_options: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
                common_http_protocol_options: { max_requests_per_connection: 1 },
                explicit_http_config: { http_protocol_options: {} },
              },
            },
            ...upstream,
          },
        ],
      },
    };
    const config = file('envoy.json', JSON.stringify(bootstrap));
    const child = spawn(
      'envoy',
      ['-c', config, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    const ended = once(child, 'exit');
    cleanup.push(async () => {
      child.kill();
      await ended;
    });
    const ready = () =>
      fetch(`http://127.0.0.1:${admin}/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    await expect.poll(ready).toBe(true);
    return { port, stats: async () => (await fetch(`http://127.0.0.1:${admin}/stats?filter=ssl`)).text() };
  }

  test('as our client resumes', async () => {
    const client = await envoy({}, portOf(engine, 'strict'), {
      transport_socket: socket('Upstream', uriOf('server'), { sni: 'server' }),
    });
    for (let i = 0; i < 3; i++) {
      const { status, body } = await ask(client.port, { path: '/headers' });
      expect(status).toBe(200);
      expect(body).toContain(`URI=${uriOf('client')}`);
    }
    const chains = [...(engine.listeners.get('strict')?.chains.values() ?? [])];
    expect(chains[0]?.tlsCounters).toMatchObject({ handshakes: 3 });
    expect(chains[0]?.tlsCounters.sessionsReused).toBeGreaterThan(0);
    expect(await client.stats()).toMatch(/cluster\.to\.ssl\.session_reused: [12]/);
  });

  test('as our server is resumed', async () => {
    const leaf = await authority.issue({ uris: [uriOf('envoy')] });
    file('chain.pem', leaf.chainPem);
    file('key.pem', leaf.keyPem);
    const from = {
      transport_socket: socket('Downstream', uriOf('server'), { require_client_certificate: true }),
    };
    const server = await envoy(from, appPort, {});
    const tls = mtlsOutbound('envoy');
    await engine.apply(
      tables({
        listeners: [listener('out', [httpChain(manager(routeTable([host([route(forward('server'))])])))])],
        clusters: [cluster('server', [endpoint(server.port)], { tls, maxRequestsPerConnection: 1 })],
      }),
    );
    for (let i = 0; i < 3; i++) expect((await ask(portOf(engine, 'out'))).status).toBe(200);
    const counted = variantsOf(tls).map((variant) => engine.tls.countersOf(variant));
    expect(counted.map(({ handshakes }) => handshakes)).toContain(3);
    expect(counted.map(({ sessionsReused }) => sessionsReused)).toContain(2);
    expect(await server.stats()).toMatch(/ssl\.session_reused: 2/);
  });
});
