import { hostAliases } from '@tulle/resources/hosts';
import { clusterDomain } from '../../model/services/host.ts';
import type { Service } from '../../model/services/service.ts';

/**
 * The authorities by which a client in `namespace` may call a service's port: its full name and, for a
 * Kubernetes Service, the short ones; without the port too where that is HTTP's default.
 */
export function serviceDomains(service: Service, port: number, namespace: string): string[] {
  return serviceNames(service, namespace).flatMap((name) => authorities(name, port));
}

/** The names by which a client in `namespace` may call a service; the full one first. */
export function serviceNames(service: Service, namespace: string): string[] {
  return service.origin.kind === 'Service'
    ? hostAliases(service.name, service.namespace, namespace, clusterDomain)
    : [service.host];
}

/** `host:port`, and `host` for port 80. */
export function authorities(host: string, port: number): string[] {
  return port === 80 ? [`${host}:${port}`, host] : [`${host}:${port}`];
}
