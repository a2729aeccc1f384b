/** A mesh of servers and clients, each with a sidecar of the engine that a test wants, and one service per protocol. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import { newWebsocketKey } from '@tulle/data-plane/http/websocket';
import { ask } from '@tulle/data-plane/testing/client';
import { echoService, grpcClient } from '@tulle/data-plane/testing/grpc';
import { http2Ask, http2Session } from '@tulle/data-plane/testing/http2';
import { stringify } from 'yaml';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from './mesh.ts';

export type Engine = 'tulle' | 'envoy';
const protocols = ['http', 'http2', 'grpc'] as const;
export type Protocol = (typeof protocols)[number];

export interface ProtocolMesh {
  readonly mesh: Mesh;
  /** Where a client of one engine reaches the server of another by a protocol. */
  port(from: Engine, to: Engine, protocol: Protocol): number;
  stop(): Promise<void>;
}

export async function startProtocolMesh(engines: readonly Engine[]): Promise<ProtocolMesh> {
  const folder = temporaryFolder();
  const file = join(folder.path, 'mesh.yaml');
  const seenBy = (engine: Engine): string => join(folder.path, `${engine}.env`);
  const documents = [
    document('Mesh', 'protocols', { ports: { api: 0, https: 0 } }),
    ...engines.flatMap((engine) => [
      ...protocols.map((protocol) => service(engine, protocol)),
      document('Workload', `server-${engine}`, {
        engine,
        command: [process.execPath, join(root, 'tests/fixtures/protocols/server.ts')],
        labels: { app: `server-${engine}` },
        ports: protocols.map((name, at) => ({ name, port: 80 + at })),
        upstreams: [],
      }),
      document('Workload', `client-${engine}`, {
        engine,
        command: ['sh', '-c', `env > '${seenBy(engine)}'; exec sleep 1000000`],
        labels: { app: `client-${engine}` },
        ports: [],
        upstreams: engines.flatMap((to) => protocols.map((protocol) => `${to}-${protocol}:80`)),
      }),
    ]),
  ];
  writeFileSync(file, documents.map((each) => stringify(each)).join('---\n'));
  const mesh = await startMesh(file, join(folder.path, 'state'));
  const stop = async (): Promise<void> => {
    await mesh.stop();
    folder.remove();
  };
  try {
    await eventually('clients start', async () =>
      engines.every((engine) => existsSync(seenBy(engine))) ? true : undefined,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    mesh,
    stop,
    port: (from, to, protocol) => {
      const name = `${to}_${protocol}_PORT`.toUpperCase();
      const found = new RegExp(`^${name}=(\\d+)$`, 'm').exec(readFileSync(seenBy(from), 'utf8'));
      return Number(found?.[1]);
    },
  };
}

/** Sum of the counters and gauges of a proxy whose names match. */
export async function statistic({ mesh }: ProtocolMesh, proxy: string, filter: RegExp): Promise<number> {
  const { adminAddress } = JSON.parse(await mesh.ok('proxy-status', proxy, '-o', 'json')) as ProxyStatus;
  const { body } = await fetchOnce(`http://${adminAddress}/stats`);
  return body
    .split('\n')
    .map((line) => /^(.*): (\d+)$/.exec(line))
    .reduce(
      (sum, found) => sum + (found !== null && filter.test(found[1] as string) ? Number(found[2]) : 0),
      0,
    );
}

/** What a client of each protocol gets by way of its sidecar. */
export interface Answers {
  /** What the application says that it was asked by. */
  readonly http: string;
  readonly http2: string;
  /** What was said to a WebSocket. */
  readonly websocket: string;
  readonly grpc: string;
}

export async function answersFrom(mesh: ProtocolMesh, from: Engine, to: Engine): Promise<Answers> {
  const port = (protocol: Protocol): number => mesh.port(from, to, protocol);
  const [http, http2, websocket, grpc] = await Promise.all([
    ask(port('http')).then(({ body }) => body),
    askByHttp2(port('http2')),
    overWebSocket(port('http'), 'over a WebSocket'),
    byGrpc(port('grpc'), 'by gRPC'),
  ]);
  return { http, http2, websocket, grpc };
}

async function askByHttp2(port: number): Promise<string> {
  const session = await http2Session(port);
  const { body } = await http2Ask(session);
  session.close();
  return body.toString();
}

function overWebSocket(port: number, text: string): Promise<string> {
  const asked = request({
    ...{ host: '127.0.0.1', port },
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': newWebsocketKey() },
  });
  asked.end();
  return new Promise((resolve, reject) => {
    asked.on('error', reject);
    asked.on('response', ({ statusCode }) => resolve(`refused: ${statusCode}`));
    asked.on('upgrade', (_response, socket) => {
      let echoed = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        echoed += part;
        // An Envoy takes a client that ends its sending for one that has left.
        if (echoed.length === text.length) socket.end();
      });
      // Ends by a reset behind an Envoy, which does not pass the end on.
      socket.on('error', () => {});
      socket.on('close', () => resolve(echoed));
      socket.write(text);
    });
  });
}

function byGrpc(port: number, text: string): Promise<string> {
  const client = grpcClient(port);
  const { path, requestSerialize, responseDeserialize } = echoService.unary;
  return new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      Buffer.from(text),
      (error, answer) => (error === null ? resolve(String(answer)) : reject(error)),
    );
  }).finally(() => client.close());
}

function document(kind: string, name: string, spec: object): object {
  return { apiVersion: 'tulle.dev/v1alpha1', kind, metadata: { name }, spec };
}

function service(engine: Engine, protocol: Protocol): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${engine}-${protocol}` },
    spec: {
      selector: { app: `server-${engine}` },
      ports: [{ name: protocol, port: 80, targetPort: protocol }],
    },
  };
}
