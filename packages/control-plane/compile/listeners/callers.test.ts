import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildModel } from '../../model/model.ts';
import { compile } from '../compile.ts';
import { readCase } from '../testing/golden-case.ts';

test('workloads that stay are of the trust domain that the mesh has now', () => {
  const { input, proxy } = readCase(join(import.meta.dirname, '../golden/callers'));
  const { workloads } = buildModel(input);
  const versions = (trustDomain: string): string[] => {
    const model = { ...buildModel({ ...input, mesh: { ...input.mesh, trustDomain } }), workloads };
    return [...compile(model, proxy).snapshot.workload.values()].map(({ version }) => version);
  };
  const before = versions('one.example');
  expect(before).not.toEqual([]);
  expect(versions('other.example')).not.toEqual(before);
});
