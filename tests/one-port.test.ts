import { once } from 'node:events';
import { get } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { compile } from '@tulle/control-plane/compile/compile';
import type { ProxyDescription } from '@tulle/control-plane/compile/proxy';
import { instanceOf } from '@tulle/control-plane/model/instances/instance.fixture';
import { buildModel } from '@tulle/control-plane/model/model';
import { JoinedTables } from '@tulle/data-plane/config/joined-tables';
import { translateCluster } from '@tulle/data-plane/config/translate/clusters/cluster';
import { translateEndpoints } from '@tulle/data-plane/config/translate/clusters/endpoint';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import { translateListener } from '@tulle/data-plane/config/translate/listeners/listener';
import { translateHost, translateRoutes } from '@tulle/data-plane/config/translate/routes/route';
import { Problems } from '@tulle/data-plane/config/translate/values/problems';
import { backend } from '@tulle/data-plane/testing/backend';
import { cleanupAfterEach } from '@tulle/data-plane/testing/cleanup';
import { metadata, startEngine } from '@tulle/data-plane/testing/engine';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { identityFor } from '@tulle/data-plane/testing/mesh';
import type { Tables } from '@tulle/decision/tables/tables';
import { parseResources } from '@tulle/resources/parse';
import type { Snapshot, XdsType } from '@tulle/xds/resource';
import { type TestAuthority, testAuthority } from '@tulle/xds/test-authority.fixture';
import { beforeAll, describe, expect, test } from 'vitest';

/** A service whose port does not say its protocol, from compile's resources to the bytes: two sidecars, mTLS. */
let authority: TestAuthority;
beforeAll(async () => {
  authority = await testAuthority();
});

const cleanup = cleanupAfterEach();

function tablesOf(snapshot: Snapshot): Tables {
  const problems = new Problems();
  const all = <T>(type: XdsType, translate: (bytes: Uint8Array) => T | undefined): Map<string, T> =>
    new Map(
      [...snapshot[type].values()].flatMap(({ name, bytes }): [string, T][] => {
        const made = translate(bytes);
        return made === undefined ? [] : [[name, made]];
      }),
    );
  const tables: Tables = {
    epoch: 1,
    listeners: all('listener', (bytes) => translateListener(bytes, filterReaders, problems)),
    routes: new JoinedTables().join(
      all('route', (bytes) => translateRoutes(bytes, filterReaders, problems)),
      all('virtualHost', (bytes) => translateHost(bytes, filterReaders, problems)),
    ),
    clusters: all('cluster', (bytes) => translateCluster(bytes, problems)),
    endpoints: all('endpoint', (bytes) => translateEndpoints(bytes, problems)),
    secrets: new Map(),
    workloads: new Map(),
  };
  expect(problems.list).toEqual([]);
  return tables;
}

const resources = (mode: string) => `
apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: m }
spec: { mtls: { mode: ${mode} }, accessLog: { enabled: false } }
---
apiVersion: v1
kind: Service
metadata: { name: server, namespace: default }
spec: { selector: { app: server }, ports: [{ name: web, port: 9000 }] }
`;

/** Both sidecars, with the application at `appPort`: where its caller calls, and where its own sidecar takes calls. */
async function mesh(mode: 'STRICT' | 'PERMISSIVE', appPort: number) {
  const [inboundPort, outboundPort] = [await freePort(), await freePort()];
  const parsed = parseResources(resources(mode), { file: 'input.yaml' }).documents.flatMap(
    ({ resource }) => resource ?? [],
  );
  const model = buildModel({
    mesh: parsed.find(({ kind }) => kind === 'Mesh')?.spec as object,
    resources: parsed.filter(({ kind }) => kind !== 'Mesh'),
    instances: [
      instanceOf({
        name: 'server-0',
        serviceAccount: 'server',
        labels: { app: 'server' },
        ports: [{ port: 9000, name: 'web', target: inboundPort }],
        cluster: 'tulle',
      }),
    ],
    trustBundle: authority.rootPem,
  });
  const loopback = '127.0.0.1';
  const sidecar = async (name: string, more: Partial<ProxyDescription['metadata']>): Promise<void> => {
    const node = {
      ...metadata,
      NAME: `${name}-0`,
      WORKLOAD_NAME: name,
      SERVICE_ACCOUNT: name,
      LABELS: { app: name },
      ...more,
    };
    const id = `sidecar~${loopback}~${name}-0.default~default.svc.cluster.local`;
    const identity = `spiffe://cluster.local/ns/default/sa/${name}`;
    const { snapshot } = compile(model, { id, role: 'sidecar', identity, metadata: node });
    const engine = await startEngine(tablesOf(snapshot));
    cleanup.push(() => engine.destroy());
    engine.setIdentity(await identityFor(authority, name));
  };
  await sidecar('server', {
    TULLE_INBOUND: [
      {
        port: 9000,
        name: 'web',
        bindAddress: loopback,
        bindPort: inboundPort,
        appAddress: loopback,
        appPort,
      },
    ],
  });
  await sidecar('client', {
    TULLE_OUTBOUND: {
      upstreams: [{ host: 'server', port: 9000, bindAddress: loopback, bindPort: outboundPort }],
    },
  });
  return { outboundPort, inboundPort };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function said(port: number, first?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  cleanup.push(() => socket.destroy());
  if (first !== undefined) socket.write(first);
  return Promise.race([
    once(socket, 'data').then(([chunk]) => String(chunk)),
    once(socket, 'close').then(() => 'closed'),
  ]);
}

/** Applications, and how a client tells that it speaks with one. */
const applications: Readonly<
  Record<
    string,
    {
      readonly start: () => Promise<number>;
      readonly call: (port: number) => Promise<string>;
      readonly answer: string;
    }
  >
> = {
  'HTTP/1.1': {
    start: async () => {
      const app = await backend((_request, response) => response.end());
      cleanup.push(() => app.close());
      return app.port;
    },
    call: async (port) => {
      const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response');
      return String(response.statusCode);
    },
    answer: '200',
  },
  'HTTP/2': {
    start: async () => {
      const server = createHttp2Server((_request, response) => response.end('ok'));
      return listening(server as unknown as Server);
    },
    call: async (port) => {
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      cleanup.push(() => session.destroy());
      session.on('error', () => {});
      const [headers] = await once(session.request({ ':path': '/' }), 'response');
      return String(headers[':status']);
    },
    answer: '200',
  },
  'a server that echoes': {
    start: () => listening(createServer((socket) => socket.pipe(socket))),
    call: (port) => said(port, '*1\r\n$4\r\nPING\r\n'),
    answer: '*1\r\n$4\r\nPING\r\n',
  },
  'a server that speaks first': {
    start: () => listening(createServer((socket: Socket) => socket.write('220 hello\r\n'))),
    call: (port) => said(port),
    answer: '220 hello\r\n',
  },
};

describe.each(Object.entries(applications))('%s', (_name, { start, call, answer }) => {
  test.each(['STRICT', 'PERMISSIVE'] as const)('between sidecars, %s', async (mode) => {
    const { outboundPort } = await mesh(mode, await start());
    expect(await call(outboundPort)).toBe(answer);
  });

  test('in plain text to a PERMISSIVE port', async () => {
    const { inboundPort } = await mesh('PERMISSIVE', await start());
    expect(await call(inboundPort)).toBe(answer);
  });
});

test('plain text to a STRICT port gets nothing', async () => {
  const { inboundPort } = await mesh(
    'STRICT',
    await (applications['a server that speaks first']?.start() ?? 0),
  );
  expect(await said(inboundPort, 'hello?')).toBe('closed');
});

test('HTTP between sidecars is HTTP to both: the application hears who calls', async () => {
  const app = await backend((request, response) =>
    response.end(String(request.headers['x-forwarded-client-cert'])),
  );
  cleanup.push(() => app.close());
  const { outboundPort } = await mesh('STRICT', app.port);
  const response = await fetch(`http://127.0.0.1:${outboundPort}/`);
  expect(response.headers.has('x-envoy-upstream-service-time')).toBe(true);
  expect(await response.text()).toContain('URI=spiffe://cluster.local/ns/default/sa/client');
});
