import { expect, test } from 'vitest';
import { NO_TRAFFIC, quantile, readTraffic } from './metrics.ts';
import { TrafficMeter } from './traffic-meter.ts';

const exposition = (ok: number, failed: number): string => `# TYPE istio_requests_total counter
istio_requests_total{reporter="destination",response_code="200",destination_app="reviews"} ${ok}
istio_requests_total{reporter="destination",response_code="503",destination_app="reviews"} ${failed}
istio_requests_total{reporter="source",response_code="200",destination_app="ratings"} 999
# TYPE istio_request_duration_milliseconds histogram
istio_request_duration_milliseconds_bucket{reporter="destination",le="1"} ${ok / 2}
istio_request_duration_milliseconds_bucket{reporter="destination",le="5"} ${ok}
istio_request_duration_milliseconds_bucket{reporter="destination",le="+Inf"} ${ok + failed}
`;

test('counts of one reporter are read, failures apart', () => {
  const traffic = readTraffic(exposition(80, 20), 'destination');
  expect(traffic).toMatchObject({ requests: 100, succeeded: 80 });
  expect(quantile(traffic.buckets, 0.4)).toBe(1);
  expect(quantile(traffic.buckets, 0.6)).toBe(3);
  expect(quantile(traffic.buckets, 0.99)).toBe(5);
  expect(quantile(NO_TRAFFIC.buckets, 0.5)).toBeUndefined();
});

test('rates come from two readings; a restarted proxy counts from zero', async () => {
  let now = 0;
  let text = exposition(100, 0);
  const meter = new TrafficMeter(
    () => now,
    async () => text,
  );
  const proxies = [
    { instance: 'reviews-v1-0', group: 'reviews-v1', adminPort: 1, reporter: 'destination' as const },
  ];
  await meter.read(proxies);
  expect(meter.rate('reviews-v1')).toBeUndefined();
  now = 1000;
  text = exposition(150, 10);
  await meter.read(proxies);
  expect(meter.rate('reviews-v1')).toMatchObject({ seconds: 1, traffic: { requests: 60, succeeded: 50 } });
  now = 2000;
  text = exposition(4, 0);
  await meter.read(proxies);
  expect(meter.rate('reviews-v1')).toMatchObject({ seconds: 2, traffic: { requests: 64, succeeded: 54 } });
});
