import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { type Authority, openAuthority } from '@tulle/control-plane/identity/authority';
import { createCsr } from '@tulle/data-plane/identity/csr';
import type { Svid } from '@tulle/data-plane/identity/svid';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { systemClock } from '@tulle/xds/clock';
import { expect, test } from 'vitest';
import { type SecretService, serveSecrets } from '../../packages/cli/envoy/secret-service.ts';
import { eventually, temporaryFolder } from '../mesh.ts';
import { describeWithPeers } from './peer.ts';

/** Cleanups of a test, last first. */
const cleanups = cleanupAfterEach();

/** A mesh's CA of its own. */
function newAuthority(): Promise<Authority> {
  const folder = temporaryFolder();
  cleanups.push(folder.remove);
  return openAuthority(folder.path, { trustDomain: 'cluster.local', clock: systemClock });
}

async function svidOf(authority: Authority, serviceAccount: string): Promise<Svid> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = { namespace: 'default', serviceAccount };
  const issued = await authority.issue(identity, createCsr(privateKey, 'spiffe://cluster.local/any'));
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    chainPem: issued.chain.join(''),
    rootsPem: issued.roots,
    notBefore: issued.notBefore,
    notAfter: issued.notAfter,
  };
}

const agent = {
  resource_api_version: 'V3',
  api_config_source: {
    api_type: 'GRPC',
    transport_api_version: 'V3',
    grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
  },
};

/** A listener that asks for client certificates and answers every request by itself. */
const bootstrap = (port: number, socket: string) => ({
  node: { id: 'envoy', cluster: 'test' },
  static_resources: {
    listeners: [
      {
        name: 'web',
        address: { socket_address: { address: '127.0.0.1', port_value: port } },
        filter_chains: [
          {
            transport_socket: {
              name: 'envoy.transport_sockets.tls',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
                require_client_certificate: true,
                common_tls_context: {
                  tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: agent }],
                  validation_context_sds_secret_config: { name: 'ROOTCA', sds_config: agent },
                },
              },
            },
            filters: [
              {
                name: 'envoy.filters.network.http_connection_manager',
                typed_config: {
                  '@type':
                    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                  stat_prefix: 'web',
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [{ match: { prefix: '/' }, direct_response: { status: 204 } }],
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
        name: 'sds-grpc',
        type: 'STATIC',
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
        load_assignment: {
          cluster_name: 'sds-grpc',
          endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
        },
      },
    ],
  },
});

async function start(first: Svid): Promise<{ port: number; secrets: SecretService; envoy: ChildProcess }> {
  const folder = temporaryFolder();
  cleanups.push(folder.remove);
  const socket = join(folder.path, 'sds');
  const secrets = await serveSecrets(socket, first);
  cleanups.push(() => secrets.close());
  const port = await freePort();
  const config = join(folder.path, 'bootstrap.json');
  writeFileSync(config, JSON.stringify(bootstrap(port, socket)));
  const envoy = spawn('envoy', ['-c', config, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(envoy, 'exit');
  cleanups.push(async () => {
    envoy.kill('SIGKILL');
    await ended;
  });
  return { port, secrets, envoy };
}

/** A connection that has had an answer: its handshake stands. */
async function open(port: number, client: Svid): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: client.rootsPem,
    key: client.keyPem,
    cert: client.chainPem,
    // By identity, not by host name.
    checkServerIdentity: () => undefined,
  });
  cleanups.push(() => socket.destroy());
  await answer(socket);
  return socket;
}

/** The first line of the answer to one more request. */
function answer(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1').split('\r\n')[0] ?? ''));
    socket.write('GET / HTTP/1.1\r\nhost: web\r\n\r\n');
  });
}

const nameOf = (socket: TLSSocket): string => String(socket.getPeerCertificate().subjectaltname);

describeWithPeers("Envoy with its agent's secrets", ['envoy'], () => {
  test('a new certificate is shown to new connections; open ones live on', async () => {
    const authority = await newAuthority();
    const client = await svidOf(authority, 'client');
    const { port, secrets } = await start(await svidOf(authority, 'first'));
    const early = await eventually('Envoy serves', () => open(port, client));
    expect(nameOf(early)).toContain('sa/first');

    secrets.update(await svidOf(authority, 'second'));
    await eventually('the new certificate', async () =>
      nameOf(await open(port, client)).includes('sa/second') ? true : undefined,
    );
    expect(await answer(early)).toBe('HTTP/1.1 204 No Content');
  });

  test('roots rotate: clients of a new root get in, then those of the old one no longer', async () => {
    const [before, after] = await Promise.all([newAuthority(), newAuthority()]);
    const rootsPem = before.roots + after.roots;
    const server = { ...(await svidOf(before, 'server')), rootsPem };
    const [oldClient, newClient] = await Promise.all([svidOf(before, 'client'), svidOf(after, 'client')]);
    const { port, secrets } = await start({ ...server, rootsPem: before.roots });
    await eventually('Envoy serves', () => open(port, oldClient));
    await expect(open(port, { ...newClient, rootsPem })).rejects.toThrow();

    secrets.update(server);
    await eventually('the new root is believed', () => open(port, { ...newClient, rootsPem }));
    await open(port, oldClient);

    secrets.update({ ...server, rootsPem: after.roots });
    await eventually('the old root is not', async () =>
      open(port, oldClient).then(
        () => undefined,
        () => true,
      ),
    );
    await open(port, { ...newClient, rootsPem });
  });
});
