import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fetchOnce } from './load.ts';
import { eventually, type Mesh, startMesh, temporaryFolder } from './mesh.ts';
import { processesOf } from './processes.ts';

/** A mesh that is told what it is like by Istio's ConfigMap, and how its proxies start by ProxyConfig. */
const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
let mesh: Mesh;

const configMap = (mode: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio' },
  data: {
    mesh: `outboundTrafficPolicy: { mode: ${mode} }\ndefaultConfig: { proxyMetadata: { OF_MESH: 'yes', WHOSE: mesh } }\n`,
  },
});
const documents = [
  {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: 'configured' },
    spec: { ports: { api: 0, https: 0 } },
  },
  configMap('REGISTRY_ONLY'),
  {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'ProxyConfig',
    metadata: { name: 'client' },
    spec: {
      selector: { matchLabels: { app: 'client' } },
      concurrency: 2,
      environmentVariables: { WHOSE: 'workload' },
    },
  },
  {
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: 'client' },
    spec: {
      command: ['sh', '-c', `env > '${at('client.env')}'; exec sleep 1000000`],
      labels: { app: 'client' },
      ports: [],
    },
  },
];

beforeAll(async () => {
  writeFileSync(at('mesh.yaml'), documents.map((each) => stringify(each)).join('---\n'));
  mesh = await startMesh(at('mesh.yaml'), at('state'));
  await eventually('the client starts', async () => (existsSync(at('client.env')) ? true : undefined));
});

afterAll(async () => {
  await mesh?.stop();
  folder.remove();
});

test('a ProxyConfig says how many processes a sidecar is and what they find in their environment', async () => {
  const workers = await eventually('two processes', async () => {
    const found = processesOf(at('state')).filter(({ name }) => name.startsWith('client-0.proxy'));
    return found.length === 2 ? found : undefined;
  });
  for (const { pid } of workers) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    expect(environment).toContain('OF_MESH=yes');
    expect(environment).toContain('WHOSE=workload');
  }
});

test('what Istio’s ConfigMap says holds, and another ConfigMap changes it', async () => {
  const [, port] =
    /^http_proxy=http:\/\/127\.0\.0\.1:(\d+)/m.exec(readFileSync(at('client.env'), 'utf8')) ?? [];
  const status = async (): Promise<number> =>
    (await fetchOnce(`http://127.0.0.1:${port}/`, { host: 'nowhere.invalid' })).status;
  expect(await status()).toBe(502);
  writeFileSync(at('config-map.yaml'), stringify(configMap('ALLOW_ANY')));
  await mesh.ok('apply', '-f', at('config-map.yaml'));
  await eventually('other hosts are looked for', async () => ((await status()) === 503 ? true : undefined));
});

test('a ConfigMap that is wrong within is refused by its own line, and changes nothing', async () => {
  writeFileSync(
    at('wrong.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio }\ndata:\n  mesh: |\n    outboundTrafficPolicy:\n      mode: NONE\n',
  );
  const { code, stderr, stdout } = await mesh.tulle('apply', '-f', at('wrong.yaml'));
  expect(code).not.toBe(0);
  expect(`${stdout}${stderr}`).toContain(
    'wrong.yaml:7:13 data.mesh.outboundTrafficPolicy.mode: must be one of',
  );
});
