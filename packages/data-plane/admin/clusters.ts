import type { AdminCluster, AdminEndpoint } from './sources.ts';

/** `/clusters`: `cluster::key::value` and `cluster::address::key::value` lines, as Envoy's. */
export function clustersText(clusters: Iterable<AdminCluster>): string {
  let text = '';
  for (const { config, breakers, endpoints } of clusters) {
    const line = (...parts: readonly (string | number | boolean)[]): void => {
      text += `${[config.name, ...parts].join('::')}\n`;
    };
    line('observability_name', config.statName);
    for (const priority of ['default', 'high'] as const) {
      const limits = breakers[priority];
      line(`${priority}_priority`, 'max_connections', limits.connections.limit);
      line(`${priority}_priority`, 'max_pending_requests', limits.pending.limit);
      line(`${priority}_priority`, 'max_requests', limits.requests.limit);
      line(`${priority}_priority`, 'max_retries', limits.retries.limit);
    }
    line('added_via_api', true);
    if (config.discovery.kind === 'eds') line('eds_service_name', config.discovery.name);
    for (const endpoint of endpoints) {
      const address = addressOf(endpoint);
      for (const { name, value } of hostStats(endpoint)) line(address, name, value);
      line(address, 'hostname', '');
      line(address, 'health_flags', healthFlags(endpoint));
      line(address, 'weight', endpoint.config.weight);
      const [region = '', zone = '', subZone = ''] = endpoint.config.locality.split('/');
      line(address, 'region', region);
      line(address, 'zone', zone);
      line(address, 'sub_zone', subZone);
      line(address, 'canary', false);
      line(address, 'priority', endpoint.config.priority);
    }
  }
  return text;
}

/** `/clusters?format=json`: envoy.admin.v3.Clusters. */
export function clustersJson(clusters: Iterable<AdminCluster>): unknown {
  return {
    cluster_statuses: Array.from(clusters, ({ config, breakers, endpoints }) => ({
      name: config.name,
      added_via_api: true,
      observability_name: config.statName,
      ...(config.discovery.kind === 'eds' ? { eds_service_name: config.discovery.name } : {}),
      circuit_breakers: {
        thresholds: (['default', 'high'] as const).map((priority) => ({
          priority: priority.toUpperCase(),
          max_connections: breakers[priority].connections.limit,
          max_pending_requests: breakers[priority].pending.limit,
          max_requests: breakers[priority].requests.limit,
          max_retries: breakers[priority].retries.limit,
        })),
      },
      host_statuses: endpoints.map((endpoint) => hostStatus(endpoint)),
    })),
  };
}

function hostStatus(endpoint: AdminEndpoint): unknown {
  const { config, ejected, failedCheck, pendingCheck } = endpoint;
  const [region = '', zone = '', subZone = ''] = config.locality.split('/');
  return {
    address: { socket_address: { address: config.address, port_value: config.port } },
    // Zero values are left out of a 64-bit string, as protobuf's JSON does.
    stats: hostStats(endpoint).map(({ name, value, gauge }) => ({
      ...(gauge ? { type: 'GAUGE' } : {}),
      ...(value === 0 ? {} : { value: String(value) }),
      name,
    })),
    health_status: {
      ...(failedCheck ? { failed_active_health_check: true } : {}),
      ...(ejected ? { failed_outlier_check: true } : {}),
      ...(pendingCheck ? { pending_active_hc: true } : {}),
      eds_health_status: config.health.toUpperCase(),
    },
    weight: config.weight,
    ...(config.priority === 0 ? {} : { priority: config.priority }),
    locality: {
      ...(region === '' ? {} : { region }),
      ...(zone === '' ? {} : { zone }),
      ...(subZone === '' ? {} : { sub_zone: subZone }),
    },
  };
}

function hostStats({ active, counters }: AdminEndpoint): { name: string; value: number; gauge: boolean }[] {
  const stat = (name: string, value: number, gauge = false) => ({ name, value, gauge });
  return [
    stat('cx_active', counters.connections, true),
    stat('cx_connect_fail', counters.connectFailures),
    stat('cx_total', counters.connectionsTotal),
    stat('rq_active', active, true),
    stat('rq_error', counters.requestsFailed),
    stat('rq_success', counters.requestsSucceeded),
    stat('rq_timeout', counters.timeouts),
    stat('rq_total', counters.requestsTotal),
  ];
}

function healthFlags({ config, ejected, failedCheck, pendingCheck }: AdminEndpoint): string {
  const flags = [
    ...(failedCheck ? ['/failed_active_hc'] : []),
    ...(ejected ? ['/failed_outlier_check'] : []),
    ...(config.health === 'unhealthy' ? ['/failed_eds_health'] : []),
    ...(config.health === 'draining' ? ['/eds_status_draining'] : []),
    ...(pendingCheck ? ['/pending_active_hc'] : []),
  ];
  return flags.length === 0 ? 'healthy' : flags.join('');
}

function addressOf({ config }: AdminEndpoint): string {
  return config.address.includes(':')
    ? `[${config.address}]:${config.port}`
    : `${config.address}:${config.port}`;
}
