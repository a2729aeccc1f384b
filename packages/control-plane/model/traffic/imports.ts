import { hostCovers, hostIntersection } from '../services/host.ts';

/** What a Sidecar lets an application see: services and virtual services by namespace and host. */
export interface Imports {
  /** Tells the imports of a namespace's sidecars apart. */
  readonly key: string;
  hasService(service: { readonly namespace: string; readonly host: string }): boolean;
  /** Whether a virtual service of `namespace` for `host` (which may be a wildcard) holds here. */
  hasRoutes(namespace: string, host: string): boolean;
}

/**
 * Istio's `namespace/dnsName`: a namespace, `.` (`own`), `*` (any) or `~` (none); a full name, `*.suffix` or `*`.
 * @param own namespace of the workload
 */
export function importsOf(hosts: readonly string[], own: string, key: string): Imports {
  const written = hosts.map((text) => {
    const slash = text.indexOf('/');
    const namespace = text.slice(0, slash);
    return { namespace: namespace === '.' ? own : namespace, host: text.slice(slash + 1).toLowerCase() };
  });
  const named = (namespace: string) =>
    written.filter((one) => one.namespace === '*' || one.namespace === namespace);
  return {
    key,
    hasService: ({ namespace, host }) => named(namespace).some((one) => hostCovers(one.host, host)),
    hasRoutes: (namespace, host) =>
      named(namespace).some((one) => hostIntersection(one.host, host) !== undefined),
  };
}
