import { configMap } from './core/config-map.ts';
import { event } from './core/event.ts';
import { namespace } from './core/namespace.ts';
import { secret } from './core/secret.ts';
import { service } from './core/service.ts';
import { serviceAccount } from './core/service-account.ts';
import { destinationRule } from './istio/destination-rule/kind.ts';
import { envoyFilter } from './istio/envoy-filter/kind.ts';
import { gateway } from './istio/gateway.ts';
import { peerAuthentication } from './istio/peer-authentication.ts';
import { proxyConfig } from './istio/proxy-config.ts';
import { requestAuthentication } from './istio/request-authentication/kind.ts';
import { serviceEntry } from './istio/service-entry.ts';
import { sidecar } from './istio/sidecar/kind.ts';
import { virtualService } from './istio/virtual-service/kind.ts';
import { workloadEntry } from './istio/workload-entry.ts';
import { workloadGroup } from './istio/workload-group.ts';
import type { ResourceKind } from './kind.ts';
import { apiVersionOf } from './schema/resource.ts';
import { healthCheckPolicy } from './tulle/health-check-policy.ts';
import { bandwidthLimit } from './tulle/limits/bandwidth-limit.ts';
import { concurrencyLimit } from './tulle/limits/concurrency-limit.ts';
import { rateLimitPolicy } from './tulle/limits/rate-limit-policy.ts';
import { mesh } from './tulle/mesh.ts';
import { registration } from './tulle/registration.ts';
import { workload } from './tulle/workload.ts';

/** All kinds that we know. A new kind is a file and a line here. */
export const kinds: readonly ResourceKind[] = [
  mesh,
  workload,
  registration,
  namespace,
  service,
  serviceAccount,
  secret,
  configMap,
  event,
  gateway,
  virtualService,
  destinationRule,
  serviceEntry,
  workloadEntry,
  workloadGroup,
  peerAuthentication,
  requestAuthentication,
  sidecar,
  proxyConfig,
  envoyFilter,
  healthCheckPolicy,
  rateLimitPolicy,
  bandwidthLimit,
  concurrencyLimit,
];

const byVersionAndKind = new Map(
  kinds.flatMap((kind) =>
    kind.versions.map((version) => [`${apiVersionOf(kind.group, version)} ${kind.kind}`, kind] as const),
  ),
);

/** The kind that `apiVersion` (`v1`, `networking.istio.io/v1beta1`) and `kind` name. */
export function findKind(apiVersion: string, kind: string): ResourceKind | undefined {
  return byVersionAndKind.get(`${apiVersion} ${kind}`);
}

/**
 * The kind that a user means on the command line: its plural, singular, short name or kind, in any case,
 * with or without its group (`vs`, `virtualservices`, `VirtualService`, `virtualservices.networking.istio.io`,
 * also `virtualservices.v1.networking.istio.io` as kubectl writes it).
 */
export function findKindByName(name: string): ResourceKind | undefined {
  const wanted = name.toLowerCase();
  const dot = wanted.indexOf('.');
  const resource = dot < 0 ? wanted : wanted.slice(0, dot);
  const group = dot < 0 ? undefined : wanted.slice(dot + 1);
  return kinds.find((kind) => {
    const names = [kind.plural, kind.singular, kind.kind.toLowerCase(), ...kind.shortNames];
    if (!names.includes(resource)) return false;
    return (
      group === undefined ||
      group === kind.group ||
      kind.versions.some((version) => group === (kind.group === '' ? version : `${version}.${kind.group}`))
    );
  });
}
