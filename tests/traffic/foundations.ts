/** What the rows stand on: the mesh, its namespaces, certificates of its gateway. */
import { stringify } from 'yaml';
import type { Certificates, Pair } from './certificates.ts';
import { namespace, senders } from './members.ts';

export const meshName = 'traffic';

/** access-log.ts reads it. */
const logged = {
  of: '%REQ(X-SCENARIO)%',
  flags: '%RESPONSE_FLAGS%',
  route: '%ROUTE_NAME%',
  cluster: '%UPSTREAM_CLUSTER%',
  status: '%RESPONSE_CODE%',
  details: '%RESPONSE_CODE_DETAILS%',
};

export const foundations = (certificates: Certificates, settings: object): readonly string[] => [
  stringify({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: meshName },
    spec: {
      accessLog: { format: 'JSON', json: logged },
      ...settings,
    },
  }),
  ...[namespace, senders.other.namespace].map((name) =>
    stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
  ),
  credential('edge', certificates.pairs.get('edge')),
  credential('shop', certificates.pairs.get('shop')),
  credential('edge-rsa', certificates.pairs.get('edge-rsa')),
  credential('edge-roots', undefined, { 'ca.crt': certificates.ca }),
  credential('edge-mutual', certificates.pairs.get('edge'), { 'ca.crt': certificates.ca }),
];

function credential(
  name: string,
  pair: Pair | undefined,
  more: Readonly<Record<string, string>> = {},
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: senders.gateway.namespace },
    stringData: { 'tls.crt': pair?.cert, 'tls.key': pair?.key, ...more },
  });
}
