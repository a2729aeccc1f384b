/** What the rows stand on: the mesh, its namespaces, certificates of its gateway. */
import { stringify } from 'yaml';
import type { Certificates, Pair } from './certificates.ts';
import { namespace, relayPort, relays, senders } from './members.ts';

export const meshName = 'traffic';

/** access-log.ts reads it. */
const logged = {
  of: '%REQ(X-SCENARIO)%',
  flags: '%RESPONSE_FLAGS%',
  route: '%ROUTE_NAME%',
  cluster: '%UPSTREAM_CLUSTER%',
  status: '%RESPONSE_CODE%',
  details: '%RESPONSE_CODE_DETAILS%',
  upstream: '%UPSTREAM_HOST%',
};

/** @param behind hosts that the gateway of `network-2` lets callers in to */
export const foundations = (
  certificates: Certificates,
  settings: object,
  behind: readonly string[],
): readonly string[] => [
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
  entered(behind),
  credential('edge', certificates.pairs.get('edge')),
  credential('shop', certificates.pairs.get('shop')),
  credential('edge-rsa', certificates.pairs.get('edge-rsa')),
  credential('edge-roots', undefined, { 'ca.crt': certificates.ca }),
  credential('edge-mutual', certificates.pairs.get('edge'), { 'ca.crt': certificates.ca }),
];

/** How `network-2` is entered: for services that rows call there, and `far`. */
const entered = (hosts: readonly string[]): string => `
apiVersion: v1
kind: Service
metadata: { name: eastwest, labels: { topology.istio.io/network: ${relays.eastwest.network} } }
spec: { selector: { app: eastwest }, ports: [{ name: tls, port: ${relayPort} }] }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: eastwest }
spec:
  selector: { app: eastwest }
  servers:
  - port: { number: ${relayPort}, name: tls, protocol: TLS }
    hosts: ${JSON.stringify([`far.${namespace}.svc.cluster.local`, ...hosts])}
    tls: { mode: AUTO_PASSTHROUGH }
`;

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
