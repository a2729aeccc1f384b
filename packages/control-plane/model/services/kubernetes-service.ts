import type { Resource } from '@tulle/resources/kind';
import { isIpAddress } from '@tulle/resources/schema/host';
import { originOf, seniorityOf } from '../origin.ts';
import { serviceHost } from './host.ts';
import { portProtocol } from './protocol.ts';
import type { ListedEndpoint, Service } from './service.ts';

/** The fields of a Kubernetes ServiceSpec that decide where its traffic goes. */
export interface KubernetesServiceSpec {
  readonly type?: string | undefined;
  readonly externalName?: string | undefined;
  /** `None` for headless ones. */
  readonly clusterIP?: string | undefined;
  readonly clusterIPs?: readonly string[] | undefined;
  readonly selector?: Readonly<Record<string, string>> | undefined;
  readonly ports?:
    | readonly {
        readonly port: number;
        readonly name?: string | undefined;
        readonly protocol?: string | undefined;
        readonly appProtocol?: string | undefined;
        readonly targetPort?: number | string | undefined;
      }[]
    | undefined;
}

/** Istio's annotation: to whom a Service is visible, as `exportTo` elsewhere. */
const exportToAnnotation = 'networking.istio.io/exportTo';

/** A Service of the core group as the model’s; an ExternalName is one outside the mesh. */
export function kubernetesService(resource: Resource): Service {
  const spec = (resource.spec ?? {}) as KubernetesServiceSpec;
  const seniority = seniorityOf(resource.metadata);
  const host = serviceHost(seniority.name, seniority.namespace);
  const external = spec.type === 'ExternalName';
  const exportTo = resource.metadata.annotations?.[exportToAnnotation];
  const selector = spec.selector ?? {};
  return {
    ...seniority,
    host,
    key: `${seniority.namespace}/${host}`,
    origin: originOf(resource),
    ports: (spec.ports ?? [])
      .map((port) => ({
        number: port.port,
        name: port.name ?? '',
        protocol: portProtocol({ ...port, number: port.port }),
        targetPort: port.targetPort || port.port,
      }))
      .filter((port) => port.protocol !== 'udp'),
    selector: external || Object.keys(selector).length === 0 ? undefined : selector,
    resolution: external ? 'dns' : 'instances',
    listed: external && spec.externalName !== undefined ? [listedHost(spec.externalName)] : [],
    external,
    exportTo: exportTo === undefined ? [] : exportTo.split(',').map((name) => name.trim()),
    addresses: [...new Set([spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])])].filter(isIpAddress),
    subjectAltNames: [],
  };
}

/** An endpoint that is only a DNS name. */
export function listedHost(address: string): ListedEndpoint {
  return {
    ...{ address, ports: {}, labels: {}, locality: '', weight: 1, serviceAccount: '', network: '' },
    tlsMode: 'disabled',
  };
}
