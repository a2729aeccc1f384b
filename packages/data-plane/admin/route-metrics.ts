import type { MetricRegistry } from '../telemetry/registry.ts';
import type { AdminRoute } from './sources.ts';

/** Requests by routes that ask for statistics of their own, under Envoy's names. */
export function observeRoutes(metrics: MetricRegistry, routes: Iterable<AdminRoute>): void {
  const each = (name: string, help: string, value: (counters: AdminRoute[2]) => number): void =>
    metrics.observe({
      name: `envoy_vhost_route_${name}`,
      help,
      kind: 'counter',
      labels: ['envoy_virtual_host', 'envoy_route'],
      observe: (say) => {
        for (const [virtualHost, route, counters] of routes) say(value(counters), virtualHost, route);
      },
    });
  each('upstream_rq_total', 'Requests forwarded.', ({ total }) => total);
  each('upstream_rq_timeout', 'Requests that were not answered in time.', ({ timeouts }) => timeouts);
  each('upstream_rq_retry', 'Attempts after the first.', ({ retries }) => retries);
  each(
    'upstream_rq_retry_limit_exceeded',
    'Requests whose attempts were used up.',
    ({ retryLimitExceeded }) => retryLimitExceeded,
  );
  metrics.observe({
    name: 'envoy_vhost_route_upstream_rq_xx',
    help: 'Responses by class.',
    kind: 'counter',
    labels: ['envoy_virtual_host', 'envoy_route', 'envoy_response_code_class'],
    observe: (say) => {
      for (const [virtualHost, route, { classes }] of routes)
        for (let hundreds = 1; hundreds <= 5; hundreds++)
          say(classes[hundreds] ?? 0, virtualHost, route, String(hundreds));
    },
  });
}
