import type { ConfigModel } from '../model.ts';
import { selects } from '../selector.ts';

/** A gateway's proxy, and what its ports are called. */
export interface GatewayPod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly port: number; readonly name?: string | undefined }[];
}

/** Ports of Istio's gateway pods for the ports that its Service offers, where no Service says otherwise. */
const wellKnown: Readonly<Record<number, number>> = { 80: 8080, 443: 8443 };

/** The port of a gateway for the port of a Gateway's server: through the Services in front of it; one that nothing maps is its own. */
export function gatewayPodPorts(
  config: ConfigModel,
  { namespace, labels, ports: own }: GatewayPod,
): (number: number) => number {
  const targets = new Map<number, number>();
  for (const { selector, ports } of config.services.byNamespace(namespace)) {
    if (selector === undefined || !selects(selector, labels)) continue;
    for (const { number, targetPort } of ports) {
      const pod =
        typeof targetPort === 'number' ? targetPort : own.find(({ name }) => name === targetPort)?.port;
      if (pod !== undefined && !targets.has(number)) targets.set(number, pod);
    }
  }
  return (number) => targets.get(number) ?? wellKnown[number] ?? number;
}
