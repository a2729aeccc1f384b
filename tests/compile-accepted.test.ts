import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '@tulle/control-plane/compile/compile';
import { readCase } from '@tulle/control-plane/compile/testing/golden-case';
import { buildModel } from '@tulle/control-plane/model/model';
import { translateCluster } from '@tulle/data-plane/config/translate/clusters/cluster';
import { translateEndpoints } from '@tulle/data-plane/config/translate/clusters/endpoint';
import { filterReaders } from '@tulle/data-plane/config/translate/filters/filter-readers';
import { translateListener } from '@tulle/data-plane/config/translate/listeners/listener';
import { translateHost, translateRoutes } from '@tulle/data-plane/config/translate/routes/route';
import { translateSecret } from '@tulle/data-plane/config/translate/tls/secret';
import { Problems } from '@tulle/data-plane/config/translate/values/problems';
import { translateWorkload } from '@tulle/data-plane/config/translate/workload';
import type { XdsType } from '@tulle/xds/resource';
import { expect, test } from 'vitest';

/**
 * What compile's golden cases send to our engine, our engine takes: the control plane does not import the data
 * plane, so both meet here.
 */
const folder = join(import.meta.dirname, '..', 'packages', 'control-plane', 'compile', 'golden');
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** Golden cases spell certificates `CERT`. */
const placeholderPem =
  /is not (a list of PEM (certificates|revocation lists \(X509 CRL\))|a PEM private key)$/;

const translate: Readonly<Record<XdsType, (bytes: Uint8Array, problems: Problems) => unknown>> = {
  cluster: translateCluster,
  endpoint: translateEndpoints,
  listener: (bytes, problems) => translateListener(bytes, filterReaders, problems),
  route: (bytes, problems) => translateRoutes(bytes, filterReaders, problems),
  virtualHost: (bytes, problems) => translateHost(bytes, filterReaders, problems),
  secret: translateSecret,
  workload: translateWorkload,
};

test.each(names)('our proxy takes what compile makes of %s', (name) => {
  const { input, proxy } = readCase(join(folder, name));
  const ours = { ...proxy, metadata: { ...proxy.metadata, TULLE_ENGINE: 'tulle' as const } };
  const { snapshot } = compile(buildModel(input), ours);
  const found: string[] = [];
  for (const [type, run] of Object.entries(translate) as [XdsType, (typeof translate)[XdsType]][]) {
    for (const resource of snapshot[type].values()) {
      const problems = new Problems();
      run(resource.bytes, problems);
      const known = problems.list.filter((problem) => !placeholderPem.test(problem));
      found.push(...known.map((problem) => `${type} ${resource.name}: ${problem}`));
    }
  }
  expect(found).toEqual([]);
});
