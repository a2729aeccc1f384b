import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { stringify } from 'yaml';
import { type Mesh, root, startMesh, temporaryFolder } from '../mesh.ts';

export type Engine = 'tulle' | 'envoy';

/** Files of certificates and keys, PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface IngressMesh {
  /** Roots of the gateways' certificates, a file. */
  readonly ca: string;
  /** What clients may show: `alice` and `bob` are partners (bob's is revoked), as is `carol`, whom nobody names. */
  readonly clients: Readonly<Record<'alice' | 'bob' | 'carol' | 'stranger', CertificateFiles>>;
  /** Where a gateway listens for a port of its Gateways: 80, 443 or 31400. */
  port(engine: Engine, number: 80 | 443 | 31400): number;
  readonly mesh: Mesh;
  stop(): Promise<void>;
}

/** The recipes' gateways are these, and not the mesh's own. */
const selector = { istio: 'recipes' };

export async function startIngressMesh(engines: readonly Engine[]): Promise<IngressMesh> {
  const folder = temporaryFolder();
  const [shops, partners, others] = await Promise.all(
    ['shops', 'partners', 'others'].map((name) => testAuthority({ name })),
  );
  if (shops === undefined || partners === undefined || others === undefined) throw new Error('no authority');
  const keep = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  const pair = (name: string, { chainPem, keyPem }: TestLeaf): CertificateFiles => ({
    cert: keep(`${name}.pem`, chainPem),
    key: keep(`${name}.key`, keyPem),
  });
  const shop = await shops.issue({ dnsNames: ['*.example.com'] });
  const partner = (name: string) => partners.issue({ commonName: name, dnsNames: [`${name}.partners.test`] });
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(partner));
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('no certificate');
  const stranger = await others.issue({ commonName: 'alice', dnsNames: ['alice.partners.test'] });
  const own = pair('app', shop);
  const resources = [
    document('v1', 'Secret', 'shop-cert', {}, tls(shop)),
    document(
      'v1',
      'Secret',
      'partners-cert',
      {},
      {
        stringData: {
          ...tls(shop).stringData,
          'ca.crt': partners.rootPem,
          'ca.crl': await partners.revoke(bob),
        },
      },
    ),
    document('v1', 'Service', 'app', {
      selector: { app: 'app' },
      ports: [
        { name: 'http', port: 80, targetPort: 'http' },
        { name: 'tls', port: 443, targetPort: 'tls' },
        { name: 'tcp', port: 9000, targetPort: 'tcp' },
      ],
    }),
    document('tulle.dev/v1alpha1', 'Mesh', 'ingress', { ports: { api: 0, https: 0 } }),
    document('tulle.dev/v1alpha1', 'Workload', 'app', {
      command: [process.execPath, join(root, 'tests/ingress/app.ts')],
      env: { CERTIFICATE: own.cert, KEY: own.key },
      labels: { app: 'app' },
      ports: [
        { name: 'http', port: 80 },
        { name: 'tls', port: 443 },
        { name: 'tcp', port: 9000 },
      ],
      upstreams: [],
    }),
    ...engines.map((engine) =>
      document('tulle.dev/v1alpha1', 'Workload', `edge-${engine}`, {
        role: 'gateway',
        engine,
        labels: selector,
        ports: [
          { name: 'http', port: 8080 },
          { name: 'https', port: 8443 },
          { name: 'tcp', port: 31400 },
        ],
      }),
    ),
  ];
  const recipes = [
    ...readFileSync(join(root, 'docs/guide/ingress.md'), 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms),
  ]
    .map(([, yaml]) => yaml ?? '')
    .join('---\n')
    .replaceAll('istio: ingressgateway', `istio: ${selector.istio}`);
  const file = keep('mesh.yaml', `${resources.map((each) => stringify(each)).join('---\n')}---\n${recipes}`);
  const mesh = await startMesh(file, join(folder.path, 'state'));
  const ports = new Map<string, number>();
  try {
    for (const engine of engines) {
      const registered = await mesh.ok('get', 'registration', `edge-${engine}-0`, '-o', 'json');
      const { spec } = JSON.parse(registered) as { spec: { ports: { port: number; target: number }[] } };
      for (const { port, target } of spec.ports) ports.set(`${engine} ${port}`, target);
    }
  } catch (error) {
    await mesh.stop();
    throw error;
  }
  const podPorts = { 80: 8080, 443: 8443, 31400: 31400 } as const;
  return {
    ca: keep('shops.pem', shops.rootPem),
    clients: {
      alice: pair('alice', alice),
      bob: pair('bob', bob),
      carol: pair('carol', carol),
      stranger: pair('stranger', stranger),
    },
    port: (engine, number) => ports.get(`${engine} ${podPorts[number]}`) ?? 0,
    mesh,
    stop: async () => {
      await mesh.stop();
      folder.remove();
    },
  };
}

const tls = ({ chainPem, keyPem }: TestLeaf) => ({ stringData: { 'tls.crt': chainPem, 'tls.key': keyPem } });

const document = (apiVersion: string, kind: string, name: string, spec: object, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name },
  ...(Object.keys(spec).length > 0 ? { spec } : {}),
  ...more,
});
