import { hostAliases } from '@tulle/resources/hosts';
import { clusterDomain } from '../model/host.ts';
import type { Service } from '../model/service.ts';

/**
 * The authorities by which a client in `namespace` may call a service's port: its full name and, for a
 * Kubernetes Service, the short ones; without the port too where that is HTTP's default.
 */
export function serviceDomains(service: Service, port: number, namespace: string): string[] {
  const isKubernetes = service.origin.kind === 'Service';
  const names = isKubernetes
    ? hostAliases(service.name, service.namespace, namespace, clusterDomain)
    : [service.host];
  return names.flatMap((name) => authorities(name, port));
}

/** `host:port`, and `host` for port 80. */
export function authorities(host: string, port: number): string[] {
  return port === 80 ? [`${host}:${port}`, host] : [`${host}:${port}`];
}
