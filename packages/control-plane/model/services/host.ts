import { resolveHost as fullName } from '@tulle/resources/hosts';

/** Istio's `meshConfig.trustDomain` apart: the DNS domain of Kubernetes service names. */
export const clusterDomain = 'cluster.local';

/** `reviews` in `default` ⇒ `reviews.default.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/**
 * The full name of a host as a resource in `namespace` writes it (`@tulle/resources/hosts`). A name with a dot
 * (`shop.prod`) can be a service or a host of the Internet: it is the service if there is one.
 */
export function resolveHost(host: string, namespace: string, isKnown: (host: string) => boolean): string {
  const written = host.toLowerCase();
  if (isKnown(written)) return written;
  const full = fullName(written, namespace, clusterDomain);
  return isKnown(full) || !written.includes('.') || written.endsWith('.svc') ? full : written;
}

/** Whether `pattern` (exact, `*.suffix` or `*`) covers `host` (which may itself be a pattern). */
export function hostCovers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  if (!pattern.startsWith('*')) return false;
  return host.endsWith(pattern.slice(1)) && host.length >= pattern.length;
}

/** The narrower of two host patterns if one covers the other: what both mean. Undefined: nothing. */
export function hostIntersection(a: string, b: string): string | undefined {
  if (hostCovers(a, b)) return b;
  return hostCovers(b, a) ? a : undefined;
}

/** Sorts the most specific pattern first: exact names, then longer wildcards, then `*`. */
export function bySpecificity(a: string, b: string): number {
  const wild = Number(a.startsWith('*')) - Number(b.startsWith('*'));
  return wild || b.length - a.length;
}

/** Whether a resource of `namespace` with this `exportTo` is visible in `viewer`. Empty: everywhere. */
export function isExportedTo(exportTo: readonly string[], namespace: string, viewer: string): boolean {
  if (exportTo.length === 0) return true;
  return exportTo.some((to) => to === '*' || to === viewer || (to === '.' && namespace === viewer));
}
