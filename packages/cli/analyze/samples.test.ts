import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../explain/run.fixture.ts';

const samples = join(import.meta.dirname, '../../../../shared/upstream/istio-samples');
const bookinfo = join(import.meta.dirname, '../../../examples/bookinfo/mesh.yaml');

const folders = [
  ...['bookinfo/policy', 'helloworld', 'httpbin', 'tcp-echo'],
  ...['websockets', 'health-check', 'ratelimit'],
];

/** Both are for everybody on port 80: istioctl says it, too. */
const sharedGateways =
  'IST0145 Gateway cert-manager-gateway: * is served on the same port by the older Gateway default/bookinfo-gateway (spec.servers[0])';

test.runIf(existsSync(samples)).each(folders)(
  'Istio’s sample %s, all files together: no error',
  async (folder) => {
    expect(await errorsIn(join(samples, folder))).toEqual([]);
  },
);

test.runIf(existsSync(samples))('Istio’s routes of Bookinfo, all files together', async () => {
  expect(await errorsIn(join(samples, 'bookinfo/networking'))).toEqual([sharedGateways]);
});

/** With its services and workloads: of what its routes name only what our Bookinfo does not have is missing. */
test.runIf(existsSync(samples))('Istio’s routes of Bookinfo over our Bookinfo', async () => {
  expect(await errorsIn(bookinfo, join(samples, 'bookinfo/networking'))).toEqual([
    sharedGateways,
    // The files are alternatives: another one's DestinationRule, without v2, has taken the place of this route's.
    'IST0101 VirtualService details: no DestinationRule for details.default.svc.cluster.local has the subset v2',
    // cert-manager makes this service while it asks for a certificate.
    'IST0101 VirtualService cert-manager: no visible Service or ServiceEntry has the host cert-manager-resolver.istio-system.svc.cluster.local',
  ]);
});

async function errorsIn(...files: string[]): Promise<string[]> {
  const { stdout } = await run(['analyze', ...files, '--output-threshold', 'Error', '-o', 'json'], '/');
  const { findings } = JSON.parse(stdout) as {
    findings: { code: string; resource: { kind: string; name: string }; message: string }[];
  };
  // Kinds that Tulle has not yet are refused, and rightly so.
  const known = findings.filter(({ message }) => !message.startsWith('unknown kind'));
  return known.map(({ code, resource, message }) => `${code} ${resource.kind} ${resource.name}: ${message}`);
}
