import { expect, test } from 'vitest';
import { openUrls } from './open-urls.ts';
import type { ProxyStatus } from './proxies.ts';

const urls = { http: 'http://127.0.0.1:8080', https: 'https://127.0.0.1:8443' };
const gateway = {
  metadata: { name: 'ingressgateway', namespace: 'tulle-system' },
  workload: 'ingressgateway',
} as ProxyStatus;
const listening =
  (...ports: readonly number[]) =>
  async () => ({
    listener_statuses: ports.map((port) => ({
      local_address: { socket_address: { address: '127.0.0.1', port_value: port } },
    })),
  });

test('what no Gateway has opened is not told', async () => {
  expect(await openUrls(urls, [gateway], listening(8080))).toEqual({ http: urls.http });
  expect(await openUrls(urls, [gateway], listening(8080, 8443, 9000))).toEqual(urls);
  expect(await openUrls(urls, [gateway], listening())).toEqual({});
});

test('of a gateway that can’t be asked, what it is to have', async () => {
  const fails = () => Promise.reject(new Error('closed'));
  expect(await openUrls(urls, [gateway], fails)).toEqual(urls);
  expect(await openUrls(urls, [], listening())).toEqual(urls);
});
