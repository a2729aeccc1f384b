import { expect, test } from 'vitest';
import { captureEnv, parseUpstream, variableName } from './env-capture.ts';

test('ports, proxy and upstreams become variables', () => {
  const env = captureEnv({
    ports: [
      { port: 9080, name: 'http', appPort: 20_001 },
      { port: 9090, name: 'http-admin', appPort: 20_002 },
    ],
    httpProxyPort: 20_003,
    upstreams: [
      { host: 'reviews', port: 9080, bindPort: 20_004 },
      { host: 'my-db.prod', port: 5432, bindPort: 20_005 },
      { host: 'reviews', port: 9090, bindPort: 20_006 },
    ],
  });
  expect(env).toMatchObject({
    PORT: '20001',
    PORT_9080: '20001',
    PORT_HTTP: '20001',
    PORT_HTTP_ADMIN: '20002',
    http_proxy: 'http://127.0.0.1:20003',
    HTTP_PROXY: 'http://127.0.0.1:20003',
    https_proxy: 'http://127.0.0.1:20003',
    no_proxy: 'localhost,127.0.0.1,::1',
    NODE_USE_ENV_PROXY: '1',
    REVIEWS_URL: 'http://127.0.0.1:20004',
    REVIEWS_HOST: '127.0.0.1',
    REVIEWS_PORT: '20004',
    MY_DB_PORT: '20005',
    REVIEWS_9090_URL: 'http://127.0.0.1:20006',
  });
  expect(env.JAVA_TOOL_OPTIONS).toContain('-Dhttp.proxyPort=20003');
});

test('what is redirected needs no proxy, and calls its upstreams by their names', () => {
  const env = captureEnv({
    ports: [{ port: 9080, appPort: 20_001 }],
    httpProxyPort: undefined,
    upstreams: [{ host: 'my-db.prod', port: 5432, bindPort: 0 }],
  });
  expect(env).toEqual({
    PORT: '20001',
    PORT_9080: '20001',
    MY_DB_URL: 'http://my-db.prod:5432',
    MY_DB_HOST: 'my-db.prod',
    MY_DB_PORT: '5432',
  });
});

test('upstreams and variable names', () => {
  expect(parseUpstream('reviews.ns:9080')).toEqual({ host: 'reviews.ns', port: 9080 });
  for (const wrong of ['reviews', ':9080', 'reviews:0', 'reviews:70000', 'a b:1'])
    expect(parseUpstream(wrong)).toBeUndefined();
  expect(variableName('3scale-api')).toBe('_3SCALE_API');
});
