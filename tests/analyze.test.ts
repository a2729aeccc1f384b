import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { eventually } from './mesh.ts';
import { sharedMesh } from './shared-mesh.ts';

/** `tulle analyze` on a mesh that runs, and what its control plane says by itself. */
const mesh = sharedMesh('examples/bookinfo/mesh.yaml');
const change = join(mesh.stateDir, 'change.yaml');

beforeAll(async () => {
  writeFileSync(
    change,
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details}
spec:
  hosts: [details]
  http:
    - route: [{destination: {host: details, subset: v9}}]
`,
  );
});

const details = async () => JSON.parse(await mesh.ok('get', 'virtualservice', 'details', '-o', 'json'));

test('Bookinfo as it is: nothing to say', async () => {
  expect(await mesh.ok('analyze')).toMatch(/^Nothing found in \d+ resources\.$/m);
});

test('a change before it is applied: what it would break, with its line', async () => {
  const { code, stdout } = await mesh.tulle('analyze', '--live', change);
  expect(code).toBe(1);
  expect(stdout).toContain('[IST0101]');
  expect(stdout).toMatch(/change\.yaml:7: VirtualService default\/details/);
});

test('once applied it stands in the status, and goes with its cause', async () => {
  await mesh.ok('apply', '-f', change);
  const found = await eventually('the finding is in the status', async () => {
    const { status } = await details();
    return status?.validationMessages === undefined ? undefined : status;
  });
  expect(found.validationMessages[0]).toMatchObject({ level: 'ERROR', type: { code: 'IST0101' } });
  expect(found.conditions).toContainEqual(expect.objectContaining({ type: 'Analyzed', status: 'False' }));
  expect(await mesh.ok('describe', 'virtualservice', 'details')).toMatch(
    /Analyzed +False +ReferencedResourceNotFound/,
  );
  const live = await mesh.tulle('analyze');
  expect(live.code).toBe(1);
  expect(live.stdout).toMatch(/change\.yaml:7: VirtualService default\/details/);
  writeFileSync(
    change,
    `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: details}
spec: {host: details, subsets: [{name: v9}]}
`,
  );
  await mesh.ok('apply', '-f', change);
  const { status } = await eventually('the finding is gone', async () => {
    const resource = await details();
    return resource.status.validationMessages === undefined ? resource : undefined;
  });
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Analyzed', status: 'True', reason: 'NothingFound' }),
  );
});
