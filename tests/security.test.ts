import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { enrol, FakeProxy, proxyMetadata, renew } from '@tulle/control-plane/fake-proxy.fixture';
import { encodePeerMetadata } from '@tulle/data-plane/telemetry/peer-metadata';
import { beforeAll, describe, expect, test } from 'vitest';
import { apiOf } from './api.ts';
import { adminPort, bootstrapOf, inboundPort, outboundPort } from './bootstraps.ts';
import { fetchOnce } from './load.ts';
import { eventually } from './mesh.ts';
import { certificateFor, foreignIssuer, meshIssuer, type ShownCertificate } from './mesh-certificates.ts';
import { processesOf } from './processes.ts';
import { sharedMesh, untilServed } from './shared-mesh.ts';

const mesh = sharedMesh('tests/fixtures/mirror/mesh.yaml');

beforeAll(() => untilServed(mesh));

const request = 'GET / HTTP/1.1\r\nhost: mirror\r\nconnection: close\r\n\r\n';

/** Everything that the peer sends until the connection ends, however it ends. */
async function allOf(socket: Socket | TLSSocket, sent: string): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.write(sent);
  await closed;
  return text;
}

describe('the STRICT port of a sidecar', () => {
  const show = async (shown: Partial<ShownCertificate>, more = {}): Promise<string> => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: inboundPort(mesh.stateDir, 'mirror-0'),
      servername: 'outbound_.80_._.mirror.default.svc.cluster.local',
      ALPNProtocols: ['istio', 'http/1.1'],
      rejectUnauthorized: false,
      ...shown,
      ...more,
    });
    return allOf(socket, request);
  };
  const caller = 'spiffe://cluster.local/ns/default/sa/caller';

  test('serves a caller of the mesh', async () => {
    const answer = await show(await certificateFor(caller, await meshIssuer(mesh.stateDir)));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each<[string, () => Promise<Partial<ShownCertificate>>]>([
    ['no certificate', async () => ({})],
    [
      'one of a CA of the same name',
      async () => certificateFor(caller, await foreignIssuer('cluster.local')),
    ],
    ['an expired one', async () => certificateFor(caller, await meshIssuer(mesh.stateDir), 25)],
    [
      'one of another trust domain',
      async () => certificateFor('spiffe://other/ns/default/sa/caller', await meshIssuer(mesh.stateDir)),
    ],
    [
      'one whose trust domain only begins like ours',
      async () =>
        certificateFor('spiffe://cluster.local.evil/ns/default/sa/caller', await meshIssuer(mesh.stateDir)),
    ],
    [
      'one that is no SPIFFE ID',
      async () => certificateFor('https://cluster.local/', await meshIssuer(mesh.stateDir)),
    ],
  ])('refuses %s', async (_, certificate) => {
    expect(await show(await certificate())).toBe('');
  });

  test('refuses TLS before 1.3', async () => {
    const shown = await certificateFor(caller, await meshIssuer(mesh.stateDir));
    expect(await show(shown, { maxVersion: 'TLSv1.2' })).toBe('');
  });

  test('refuses plain text', async () => {
    const socket = connectTcp(inboundPort(mesh.stateDir, 'mirror-0'), '127.0.0.1');
    expect(await allOf(socket, request)).toBe('');
  });
});

describe('what a client says', () => {
  const forged = {
    'x-envoy-external-address': '198.51.100.1',
    'x-envoy-peer-metadata': encodePeerMetadata(proxyMetadata('admin-v1-0', 'admin')),
    'x-envoy-peer-metadata-id': 'sidecar~1.1.1.1~admin-v1-0.default~default.svc.cluster.local',
    'x-forwarded-client-cert': 'By=x;Hash=0;Subject="";URI=spiffe://cluster.local/ns/default/sa/admin',
    'x-envoy-retry-on': '5xx',
    'x-envoy-original-path': '/admin',
    'x-request-id': 'chosen',
  };

  test('from outside is not believed and does not pass', async () => {
    const { body } = await fetchOnce(mesh.url, forged);
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    const steering = Object.entries(headers).filter(([name]) => /^x-envoy-(?!attempt-count)/.test(name));
    // What the gateway itself says of its client.
    expect(steering).toEqual([['x-envoy-external-address', '127.0.0.1']]);
    expect(headers['x-request-id']).not.toBe('chosen');
    const certificates = headers['x-forwarded-client-cert'] ?? '';
    expect(certificates.match(/\bBy=/g)).toHaveLength(1);
    expect(certificates).toContain('URI=spiffe://cluster.local/ns/tulle-system/sa/ingressgateway');
  });

  test('as an application is not believed either', async () => {
    const proxy = `http://127.0.0.1:${outboundPort(mesh.stateDir, 'caller-0')}`;
    const { body, headers: answered } = await fetchOnce(`${proxy}/`, { ...forged, host: 'mirror' });
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    expect(headers['x-envoy-peer-metadata']).toBeUndefined();
    expect(headers['x-envoy-peer-metadata-id']).toBeUndefined();
    expect(headers['x-forwarded-client-cert']).not.toContain('admin');
    expect(headers['x-forwarded-client-cert']).toContain('URI=spiffe://cluster.local/ns/default/sa/caller');
    expect(answered['x-envoy-peer-metadata']).toBeUndefined();
    const stats = await fetchOnce(
      `http://127.0.0.1:${adminPort(mesh.stateDir, 'mirror-0')}/stats/prometheus`,
    );
    expect(stats.body).toMatch(/istio_requests_total\{reporter="destination",source_workload="caller"/);
    expect(stats.body).not.toContain('admin-v1');
  });
});

describe('the gateway', () => {
  const raw = (head: string): Promise<string> => allOf(connectTcp(mesh.port, '127.0.0.1'), `${head}\r\n\r\n`);

  test('forwards to nobody but its routes', async () => {
    const admin = `127.0.0.1:${adminPort(mesh.stateDir, 'mirror-0')}`;
    const tunnel = await raw(`CONNECT ${admin} HTTP/1.1\r\nhost: ${admin}\r\nconnection: close`);
    expect(tunnel).toMatch(/^HTTP\/1\.1 (403|404|405) /);
    const absolute = await raw(
      `GET http://${admin}/server_info HTTP/1.1\r\nhost: ${admin}\r\nconnection: close`,
    );
    // The route of every host answers: the mirror, not the admin endpoint.
    expect(absolute).toContain('"path":"/server_info"');
    expect(absolute).not.toContain('uptime_current_epoch');
  });
});

describe('the API', () => {
  const api = (path: string, headers: Record<string, string>, method = 'GET') =>
    fetch(`${apiOf(mesh.stateDir).url}${path}`, { method, headers });

  test.each([
    ['no token', {}],
    ['another token', { authorization: `Bearer ${'x'.repeat(43)}` }],
    ['another scheme', { authorization: 'Basic YTpi' }],
  ])('refuses %s', async (_, headers) => {
    const given = headers as Record<string, string>;
    for (const path of ['/api/v1/secrets', '/apis/tulle.dev/v1alpha1/proxies', '/metrics', '/openapi/v2'])
      expect((await api(path, given)).status, path).toBe(401);
    const token = '/api/v1/namespaces/default/serviceaccounts/mirror/token';
    expect((await api(token, given, 'POST')).status).toBe(401);
  });

  test('lets no page of another site read it', async () => {
    const answer = await api('/healthz', { origin: 'http://evil.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('an admin endpoint', () => {
  const admin = (headers: Record<string, string>) =>
    fetchOnce(`http://127.0.0.1:${adminPort(mesh.stateDir, 'mirror-0')}/config_dump`, headers);

  test('answers no page of another site', async () => {
    expect((await admin({ host: 'evil.example' })).status).toBe(403);
    expect((await admin({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await admin({})).status).toBe(200);
  });
});

describe('enrolment', () => {
  const tokenFor = async (account: string, instance: string): Promise<string> => {
    const path = `/api/v1/namespaces/default/serviceaccounts/${account}/token`;
    const answer = await apiOf(mesh.stateDir).request('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['tulle-enrolment'], boundObjectRef: { name: instance } },
    });
    return (answer.status as { token: string }).token;
  };
  const controlPlane = () => bootstrapOf(mesh.stateDir, 'mirror-0').controlPlane;

  test('spends a token once, and none that is made up', async () => {
    const token = await tokenFor('caller', 'guest-0');
    const svid = await enrol(controlPlane(), token);
    expect(svid.cert).toContain('BEGIN CERTIFICATE');
    await expect(enrol(controlPlane(), token)).rejects.toMatchObject({ code: 16 });
    const parts = (await tokenFor('caller', 'guest-1')).split('.');
    parts[1] = 'x'.repeat(parts[1]?.length ?? 0);
    await expect(enrol(controlPlane(), parts.join('.'))).rejects.toThrow();
  });

  test('lets a proxy be no other, and serve no other workload', async () => {
    const svid = await renew(
      controlPlane(),
      await enrol(controlPlane(), await tokenFor('caller', 'caller-7')),
    );
    const end = async (metadata: ReturnType<typeof proxyMetadata>): Promise<string> => {
      const proxy = new FakeProxy(controlPlane(), svid, metadata);
      try {
        return await eventually('the proxy is refused', async () => proxy.ended[0]?.message);
      } finally {
        await proxy.goodbye();
      }
    };
    const claims = { WORKLOAD_NAME: 'caller', LABELS: { app: 'mirror' } };
    expect(await end(proxyMetadata('mirror-0', 'mirror', claims))).toContain('the certificate is for caller');
    expect(await end(proxyMetadata('caller-0', 'caller', claims))).toContain(
      'the certificate is for caller-7',
    );
    expect(await end(proxyMetadata('caller-7', 'caller', { ...claims, WORKLOAD_NAME: 'none' }))).toContain(
      'is an instance of Workload caller',
    );
    const proxy = new FakeProxy(controlPlane(), svid, proxyMetadata('caller-7', 'caller', claims));
    const registration = await eventually('it is registered', () =>
      apiOf(mesh.stateDir)
        .request('GET', '/apis/tulle.dev/v1alpha1/namespaces/default/registrations/caller-7')
        .catch(() => undefined),
    );
    await proxy.goodbye();
    expect(registration.spec).toMatchObject({ labels: { app: 'caller', version: 'v1' } });
  });
});

describe('secrets', () => {
  /** Every file below the state folder, with its mode. */
  const files = (): { path: string; mode: number }[] =>
    readdirSync(mesh.stateDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path, mode: statSync(path).mode & 0o777 }));

  test('are files that their owner alone can read', () => {
    expect(statSync(mesh.stateDir).mode & 0o777).toBe(0o700);
    const open = files().filter(
      ({ path, mode }) => (mode & 0o077) !== 0 && !path.includes('/compile-cache/'),
    );
    expect(open.map(({ path }) => path)).toEqual([]);
  });

  test('show in no log, no argument, no environment, no admin page', async () => {
    const secrets = [
      readFileSync(join(mesh.stateDir, 'api-token'), 'utf8').trim(),
      ...['mirror-0', 'caller-0'].flatMap((name) => bootstrapOf(mesh.stateDir, name).enrolmentToken ?? []),
      'PRIVATE KEY',
    ];
    const shown: [string, string][] = files()
      .filter(({ path }) => path.includes('/logs/'))
      .map(({ path }) => [path, readFileSync(path, 'utf8')]);
    for (const { pid, name } of processesOf(mesh.stateDir))
      for (const file of ['cmdline', 'environ'])
        shown.push([`${file} of ${name}`, readFileSync(`/proc/${pid}/${file}`, 'latin1')]);
    for (const page of ['config_dump', 'certs', 'server_info', 'stats', 'clusters']) {
      const { body } = await fetchOnce(`http://127.0.0.1:${adminPort(mesh.stateDir, 'mirror-0')}/${page}`);
      shown.push([page, body]);
    }
    shown.push(['proxy-config secrets', await mesh.ok('proxy-config', 'mirror-0', 'secrets', '-o', 'json')]);
    shown.push(['proxy-config all', await mesh.ok('proxy-config', 'mirror-0', 'all', '-o', 'json')]);
    for (const [where, text] of shown)
      expect(
        secrets.filter((secret) => text.includes(secret)),
        where,
      ).toEqual([]);
  });
});
