import { isIP } from 'node:net';
import { isSocketPath } from '@tulle/decision/authority';
import type { Endpoint } from '@tulle/decision/tables/endpoint';
import type {
  core_HealthStatus,
  endpoint_ClusterLoadAssignment,
  endpoint_LbEndpoint,
  endpoint_LocalityLbEndpoints,
} from '@tulle/xds/wire';
import { translateAddress } from '../values/address.ts';
import { filterMetadata, textFields, workloadOf } from '../values/metadata.ts';
import { type Problems, read } from '../values/problems.ts';
import { translateEndpointCheck } from './health-check.ts';

const health: Readonly<Record<core_HealthStatus, Endpoint['health']>> = {
  UNKNOWN: 'healthy',
  HEALTHY: 'healthy',
  DEGRADED: 'healthy',
  UNHEALTHY: 'unhealthy',
  TIMEOUT: 'unhealthy',
  DRAINING: 'draining',
};

/** envoy.config.endpoint.v3.ClusterLoadAssignment. */
export function translateEndpoints(bytes: Uint8Array, problems: Problems): readonly Endpoint[] {
  const assignment = read('envoy.config.endpoint.v3.ClusterLoadAssignment', bytes, '', problems);
  return assignment === undefined ? [] : translateAssignment(assignment, '', 'addresses', problems);
}

/** `names`: host names are allowed too, they are resolved (STRICT_DNS). */
export function translateAssignment(
  assignment: endpoint_ClusterLoadAssignment,
  path: string,
  allowed: 'addresses' | 'names',
  problems: Problems,
): readonly Endpoint[] {
  return assignment.endpoints.flatMap((group, g) =>
    group.lbEndpoints.flatMap((endpoint, e) => {
      const at = `${path === '' ? '' : `${path}.`}endpoints[${g}].lb_endpoints[${e}]`;
      return translateEndpoint(group, endpoint, at, allowed, problems) ?? [];
    }),
  );
}

function translateEndpoint(
  group: endpoint_LocalityLbEndpoints,
  { endpoint, healthStatus, metadata, loadBalancingWeight = 1 }: endpoint_LbEndpoint,
  path: string,
  allowed: 'addresses' | 'names',
  problems: Problems,
): Endpoint | undefined {
  const where = translateAddress(endpoint?.address, `${path}.endpoint.address`, problems);
  if (where === undefined) return undefined;
  const { address, port } = where;
  if (allowed === 'addresses' && isIP(address) === 0 && !isSocketPath(address)) {
    problems.add(`${path}.endpoint.address.socket_address.address`, `"${address}" is no IP address`);
  }
  if (loadBalancingWeight < 1) problems.add(`${path}.load_balancing_weight`, 'must be at least 1');
  const { region = '', zone = '', subZone = '' } = group.locality ?? {};
  const workload = workloadOf(metadata);
  const healthCheck = translateEndpointCheck(endpoint?.healthCheckConfig);
  return {
    address,
    port,
    weight: loadBalancingWeight,
    priority: group.priority,
    localityWeight: group.loadBalancingWeight ?? 0,
    locality: [region, zone, subZone].join('/').replace(/\/+$/, ''),
    health: health[healthStatus],
    transport: textFields(filterMetadata(metadata, 'envoy.transport_socket_match')),
    ...(workload === undefined ? {} : { workload }),
    ...(healthCheck === undefined ? {} : { healthCheck }),
  };
}
