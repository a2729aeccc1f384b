import type { GatewayServer } from '../model/gateway.ts';
import { selects } from '../model/selector.ts';
import type { AnalyzedMesh, AnalyzedWorkload } from './mesh.ts';

/** Ports of Istio's gateway pods for the ports of its Service. */
const wellKnown: Readonly<Record<number, number>> = { 80: 8080, 443: 8443 };

/** The port of a gateway on which it serves a server of a Gateway: through its Service’s targetPort. */
export function boundPort(
  { config }: AnalyzedMesh,
  { namespace, labels, ports }: AnalyzedWorkload,
  { spec }: GatewayServer,
): number {
  const { number } = spec.port;
  for (const { selector, ports: offered } of config.services.byNamespace(namespace)) {
    if (selector === undefined || !selects(selector, labels)) continue;
    const target = offered.find((port) => port.number === number)?.targetPort;
    if (typeof target === 'number') return target;
    const named = target === undefined ? undefined : ports.find(({ name }) => name === target)?.port;
    if (named !== undefined) return named;
  }
  return wellKnown[number] ?? number;
}
