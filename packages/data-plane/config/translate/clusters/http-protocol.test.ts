import { describe, expect, test } from 'vitest';
import { cluster, httpOptions, type Message, reason } from './cluster.fixture.ts';

describe('HTTP connections', () => {
  const keepalive = { interval: { seconds: 5, nanos: 0 }, timeout: { seconds: 1, nanos: 0 } };

  test('what HTTP/2 may do, by whichever way it is asked for', () => {
    const http2ProtocolOptions = {
      maxConcurrentStreams: 7,
      initialStreamWindowSize: 65_535,
      initialConnectionWindowSize: 1_000_000,
      connectionKeepalive: keepalive,
    };
    const http2 = {
      maxConcurrentStreams: 7,
      streamWindow: 65_535,
      connectionWindow: 1_000_000,
      keepalive: { intervalMs: 5_000, timeoutMs: 1_000 },
    };
    const extension = (options: Parameters<typeof httpOptions>[0]) => ({
      typedExtensionProtocolOptions: httpOptions(options),
    });
    expect(cluster({ http2ProtocolOptions })).toMatchObject({ protocol: 'http2', http2 });
    expect(cluster(extension({ explicitHttpConfig: { http2ProtocolOptions } }))).toMatchObject({
      protocol: 'http2',
      http2,
    });
    expect(cluster(extension({ autoConfig: { http2ProtocolOptions } }))).toMatchObject({
      protocol: 'auto',
      http2,
    });
    expect(cluster(extension({ useDownstreamProtocolConfig: { http2ProtocolOptions } }))).toMatchObject({
      protocol: 'downstream',
      http2,
    });
  });

  test('answers that outlier detection counts', () => {
    const regex = '5[0-9][0-9]|429';
    const headers = [{ name: ':status', stringMatch: { safeRegex: { regex } } }];
    const errorMatcher = { httpResponseHeadersMatch: { headers } };
    const made = cluster({
      outlierDetection: {},
      typedExtensionProtocolOptions: httpOptions({ outlierDetection: { errorMatcher } }),
    });
    const errors = made.outlier?.errors;
    expect([428, 429, 499, 500, 599].filter((status) => errors?.has(status))).toEqual([429, 500, 599]);
    expect(errors?.size).toBe(101);
  });

  test('how long they live, and connections made ahead', () => {
    const made = cluster({
      commonHttpProtocolOptions: { maxConnectionDuration: { seconds: 60, nanos: 0 } },
      preconnectPolicy: { perUpstreamPreconnectRatio: 1.5 },
    });
    expect(made).toMatchObject({ maxConnectionDurationMs: 60_000, preconnectRatio: 1.5 });
  });

  test.each([
    [{ http2ProtocolOptions: { initialStreamWindowSize: 100 } }, 'initial_stream_window_size'],
    [{ http2ProtocolOptions: { connectionKeepalive: { interval: keepalive.interval } } }, 'timeout'],
    [{ preconnectPolicy: { perUpstreamPreconnectRatio: 9 } }, 'per_upstream_preconnect_ratio'],
  ] as const)('refuses %j', (message, field) => expect(reason(message as Message)).toContain(field));
});
