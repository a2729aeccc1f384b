import type { Resource } from '@tulle/resources/kind';
import type { Origin } from '@tulle/xds/resource';
import type { GatewaySpec, ServerSpec } from '../istio.ts';
import { bySeniority, originOf, type Seniority, seniorityOf } from '../origin.ts';
import { type Protocol, parseProtocol } from '../services/protocol.ts';

export interface Gateway extends Seniority {
  /** `namespace/name`: how virtual services refer to it. */
  readonly key: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly servers: readonly GatewayServer[];
  readonly origin: Origin;
}

export interface GatewayServer {
  readonly spec: ServerSpec;
  readonly protocol: Protocol;
  /** Hosts with the namespaces whose virtual services may use them: `*` any, `.` resolved already. */
  readonly hosts: readonly { readonly host: string; readonly namespace: string }[];
  readonly origin: Origin;
}

/** All gateways, the oldest first. */
export function gatewaysOf(resources: readonly Resource[]): Gateway[] {
  return resources
    .map((resource): Gateway => {
      const spec = (resource.spec ?? {}) as GatewaySpec;
      const seniority = seniorityOf(resource.metadata);
      const { namespace, name } = seniority;
      return {
        ...seniority,
        key: `${namespace}/${name}`,
        selector: spec.selector ?? {},
        servers: (spec.servers ?? []).map((server, index) => ({
          spec: server,
          protocol: parseProtocol(server.port.protocol),
          hosts: server.hosts.map((written) => serverHost(written, namespace)),
          origin: originOf(resource, `spec.servers[${index}]`),
        })),
        origin: originOf(resource),
      };
    })
    .toSorted(bySeniority);
}

/** `ns/host`, `./host`, `*` + `/host` or a host alone, which any namespace may use. Not resolved, as in Istio. */
function serverHost(written: string, namespace: string): { host: string; namespace: string } {
  const slash = written.indexOf('/');
  const scope = slash < 0 ? '*' : written.slice(0, slash);
  return { host: written.slice(slash + 1).toLowerCase(), namespace: scope === '.' ? namespace : scope };
}
