import type { Service, ServicePort } from '../../model/services/service.ts';

/** Of which cluster a name for statistics is made. */
export interface NamedCluster {
  readonly service: Service;
  readonly port: Pick<ServicePort, 'number' | 'name'>;
  readonly subset?: string;
  /** Of the instance. */
  readonly targetPort?: number;
}

/**
 * A cluster's name in statistics by MeshConfig's pattern (`inboundClusterStatName`, `outboundClusterStatName`); nothing
 * without one. `%SERVICE%` is short for the services of Kubernetes: `reviews.default`.
 */
export function statName(pattern: string, { service, port, subset, targetPort }: NamedCluster) {
  if (pattern === '') return {};
  const isShort = service.origin.kind === 'Service';
  const values: Readonly<Record<string, string>> = {
    SERVICE: isShort ? `${service.name}.${service.namespace}` : service.host,
    SERVICE_FQDN: service.host,
    SERVICE_NAME: service.name,
    SERVICE_PORT: String(port.number),
    SERVICE_PORT_NAME: port.name,
    SUBSET_NAME: subset ?? '',
    TARGET_PORT: targetPort === undefined ? '' : String(targetPort),
  };
  return { altStatName: pattern.replaceAll(/%([A-Z_]+)%/g, (whole, name: string) => values[name] ?? whole) };
}
