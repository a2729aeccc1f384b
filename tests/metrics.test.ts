import { beforeAll, describe, expect, test } from 'vitest';
import { fetchOnce } from './load.ts';
import { eventually } from './mesh.ts';
import { type Series, scrape } from './prometheus.ts';
import { sharedMesh } from './shared-mesh.ts';

const mesh = sharedMesh('examples/bookinfo/mesh.yaml');

beforeAll(async () => {
  const seen = new Set<string>();
  await eventually('all versions of reviews have answered', async () => {
    const { body } = await fetchOnce(`${mesh.url}/api/v1/products/0/reviews`);
    seen.add((JSON.parse(body) as { version: string }).version);
    return seen.size === 3 ? true : undefined;
  });
});

/** Of productpage → reviews `version`, by Istio's documentation of its standard metrics. */
const labelsOf = (version: string) => ({
  source_workload: 'productpage-v1',
  source_workload_namespace: 'default',
  source_principal: 'spiffe://cluster.local/ns/default/sa/bookinfo-productpage',
  source_app: 'productpage',
  source_version: 'v1',
  source_canonical_service: 'productpage',
  source_canonical_revision: 'v1',
  source_cluster: 'bookinfo',
  destination_workload: `reviews-${version}`,
  destination_workload_namespace: 'default',
  destination_principal: 'spiffe://cluster.local/ns/default/sa/bookinfo-reviews',
  destination_app: 'reviews',
  destination_version: version,
  destination_service: 'reviews.default.svc.cluster.local',
  destination_service_name: 'reviews',
  destination_service_namespace: 'default',
  destination_canonical_service: 'reviews',
  destination_canonical_revision: version,
  destination_cluster: 'bookinfo',
  request_protocol: 'http',
  response_code: '200',
  response_flags: '-',
  grpc_response_status: '',
  connection_security_policy: 'mutual_tls',
});

describe.each(['v1', 'v2', 'v3'])('productpage → reviews %s', (version) => {
  const workload = `reviews-${version}`;
  const between = (series: Series[], reporter: string): Series[] =>
    series.filter(
      ({ labels }) =>
        labels.reporter === reporter &&
        labels.source_workload === 'productpage-v1' &&
        labels.destination_workload === workload,
    );

  test('both reporters count the same requests under the same labels', async () => {
    const source = between(await scrape(mesh.stateDir, 'productpage-v1-0'), 'source');
    const destination = between(await scrape(mesh.stateDir, `${workload}-0`), 'destination');
    const counts = [source, destination].map((series) => {
      const requests = series.filter(({ name }) => name === 'istio_requests_total');
      expect(requests).toHaveLength(1);
      const { reporter: _, ...labels } = requests[0]?.labels ?? {};
      expect(labels).toEqual(labelsOf(version));
      return requests[0]?.value;
    });
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBe(counts[0]);
    expect(JSON.stringify([source, destination])).not.toContain('unknown');
  });

  test('the duration histogram has every request', async () => {
    const series = between(await scrape(mesh.stateDir, 'productpage-v1-0'), 'source');
    const named = (suffix: string) =>
      series.filter(({ name }) => name === `istio_request_duration_milliseconds${suffix}`);
    const [count] = named('_count');
    const [requests] = series.filter(({ name }) => name === 'istio_requests_total');
    expect(count?.value).toBe(requests?.value);
    const buckets = named('_bucket').map(({ value }) => value);
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
    expect(named('_bucket').at(-1)).toMatchObject({ labels: { le: '+Inf' }, value: count?.value });
    expect(named('_sum')[0]?.value).toBeGreaterThan(0);
  });
});
