import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DestinationRule } from '@tulle/resources/istio/destination-rule/kind';
import type { ServiceEntry } from '@tulle/resources/istio/service-entry';
import type { Resource } from '@tulle/resources/kind';
import { parseAllDocuments, stringify } from 'yaml';
import { root } from '../mesh.ts';
import type { World } from './world.ts';

/**
 * The YAML of the guide, all recipes together: names resolve to the test's own servers in place of the world's, whose
 * certificates are of the roots in `caPath`.
 */
export function readRecipes(world: World, caPath: string, engine: 'tulle' | 'envoy'): string {
  const page = readFileSync(join(root, 'docs/guide/egress.md'), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => yaml ?? '');
  const resources = blocks.flatMap((yaml) =>
    parseAllDocuments(yaml).map((document) => document.toJS() as Resource),
  );
  return resources
    .map((resource) => {
      if (resource.kind === 'Workload') Object.assign(resource.spec as object, { engine });
      if (resource.kind === 'ServiceEntry') lieIn(resource as ServiceEntry, world);
      if (resource.kind === 'DestinationRule') believe(resource as DestinationRule, caPath);
      return stringify(resource);
    })
    .join('---\n');
}

/** Port 443 of the world, or what is sent there, is the test's TLS port. */
function lieIn({ spec }: ServiceEntry, { port, tlsPort }: World): void {
  const ports = (spec.ports ?? []).map(({ name, number, targetPort = number }) => [
    name,
    targetPort === 443 ? tlsPort : port,
  ]);
  Object.assign(spec, {
    resolution: 'STATIC',
    endpoints: [{ address: '127.0.0.1', ports: Object.fromEntries(ports) }],
  });
}

function believe({ spec }: DestinationRule, caCertificates: string): void {
  for (const { tls } of spec.trafficPolicy?.portLevelSettings ?? [])
    if (tls?.mode === 'SIMPLE') Object.assign(tls, { caCertificates });
}
