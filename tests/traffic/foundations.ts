/** What the rows stand on: the mesh, its namespaces, certificates of its gateway. */
import { stringify } from 'yaml';
import type { Certificates } from './certificates.ts';
import { namespace, senders } from './members.ts';

export const meshName = 'traffic';

export const foundations = (certificates: Certificates): readonly string[] => [
  stringify({
    apiVersion: 'tulle.dev/v1alpha1',
    kind: 'Mesh',
    metadata: { name: meshName },
    spec: { accessLog: { format: 'JSON', json: { of: '%REQ(X-SCENARIO)%', flags: '%RESPONSE_FLAGS%' } } },
  }),
  ...[namespace, senders.other.namespace].map((name) =>
    stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
  ),
  credential('edge', certificates),
  credential('edge-mutual', certificates, { 'ca.crt': certificates.ca }),
];

function credential(
  name: string,
  { pairs }: Certificates,
  more: Readonly<Record<string, string>> = {},
): string {
  const edge = pairs.get('edge');
  return stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: senders.gateway.namespace },
    stringData: { 'tls.crt': edge?.cert, 'tls.key': edge?.key, ...more },
  });
}
