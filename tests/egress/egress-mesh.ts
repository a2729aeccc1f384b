import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import { fetchOnce } from '../load.ts';
import { eventually, type Mesh, startMesh, temporaryFolder } from '../mesh.ts';
import { readRecipes } from './recipes.ts';
import { startWorld } from './world.ts';

/** A mesh with a client, and all recipes of the guide. */
export interface EgressMesh {
  /** What the client's application gets for a URL, through its proxy variables. */
  ask(url: string): Promise<string>;
  /** Connections that a proxy has made to a host outside the mesh, all its ports together. */
  connectionsTo(proxy: 'client-0' | 'istio-egressgateway-0', host: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startEgressMesh(engine: 'tulle' | 'envoy'): Promise<EgressMesh> {
  const folder = temporaryFolder();
  const world = await startWorld();
  const stops: (() => unknown)[] = [() => folder.remove(), () => world.close()];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const caPath = join(folder.path, 'world.pem');
    const envPath = join(folder.path, 'client.env');
    const file = join(folder.path, 'mesh.yaml');
    writeFileSync(caPath, world.roots);
    writeFileSync(file, `${clientMesh(envPath)}---\n${readRecipes(world, caPath, engine)}`);
    const mesh = await startMesh(file, join(folder.path, 'state'));
    stops.push(() => mesh.stop());
    await eventually('the client starts', async () => (existsSync(envPath) ? true : undefined));
    const proxy = /^http_proxy=(.*)$/m.exec(readFileSync(envPath, 'utf8'))?.[1] ?? '';
    await eventually('the client knows the gateway', async () =>
      (await askPlain(proxy, 'http://plain.example.com/')).startsWith('200') ? true : undefined,
    );
    return {
      ask: (url) => (url.startsWith('https:') ? askTls(proxy, url, world.roots) : askPlain(proxy, url)),
      connectionsTo: (name, host) => connectionsTo(mesh, name, host),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const clientMesh = (envPath: string): string => `apiVersion: tulle.dev/v1alpha1
kind: Mesh
metadata: { name: egress }
spec: { ports: { api: 0, https: 0 }, outboundTrafficPolicy: { mode: REGISTRY_ONLY } }
---
apiVersion: tulle.dev/v1alpha1
kind: Workload
metadata: { name: client }
spec:
  command: [sh, -c, "env > '${envPath}'; exec sleep 1000000"]
  labels: { app: client }
`;

function askPlain(proxy: string, url: string): Promise<string> {
  const { hostname, port } = new URL(proxy);
  return new Promise((resolve, reject) => {
    const { host } = new URL(url);
    const asking = request({ host: hostname, port, path: url, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    });
    asking.on('error', reject).end();
  });
}

function askTls(proxy: string, url: string, ca: string): Promise<string> {
  const { hostname, port } = new URL(proxy);
  const { hostname: servername } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request({ host: hostname, port, method: 'CONNECT', path: `${servername}:443` });
    asking.on('error', reject).end();
    asking.on('connect', ({ statusCode }, socket) => {
      if (statusCode !== 200) {
        socket.destroy();
        resolve(String(statusCode));
        return;
      }
      const secured = connectTls({ socket, servername, ca }, () => {
        secured.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
      });
      let text = '';
      secured.on('error', reject);
      secured.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      secured.on('end', () => {
        const [head = '', body = ''] = text.split('\r\n\r\n');
        resolve(`${head.split(' ')[1]} ${body.includes('\r\n') ? body.split('\r\n')[1] : body}`);
      });
    });
  });
}

async function connectionsTo(mesh: Mesh, proxy: string, host: string): Promise<number> {
  const namespace = proxy.startsWith('istio-') ? 'istio-system' : 'default';
  const status = await mesh.ok('proxy-status', proxy, '-n', namespace, '-o', 'json');
  const { adminAddress } = JSON.parse(status) as ProxyStatus;
  const { body } = await fetchOnce(`http://${adminAddress}/stats`);
  // Ours puts the cluster's name last, Envoy in the middle.
  return body
    .split('\n')
    .filter((line) => line.includes('upstream_cx_total') && line.includes(`|${host}`))
    .reduce((sum, line) => sum + Number(/: (\d+)$/.exec(line)?.[1] ?? 0), 0);
}
