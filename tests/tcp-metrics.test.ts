import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { expect, test } from 'vitest';
import { eventually } from './mesh.ts';
import { type Series, scrape } from './prometheus.ts';
import { sharedMesh } from './shared-mesh.ts';

const mesh = sharedMesh('tests/fixtures/tcp-callers/mesh.yaml');

/** The TCP series that a proxy reports of the traffic between a workload and echo, once bytes have flowed. */
const between = (instance: string, reporter: string, source: string): Promise<Series[]> =>
  eventually(`${instance} reports ${source}`, async () => {
    const series = (await scrape(mesh.stateDir, instance)).filter(
      ({ name, labels }) =>
        name.startsWith('istio_tcp_') && labels.reporter === reporter && labels.source_workload === source,
    );
    return series.some(({ name, value }) => name === 'istio_tcp_received_bytes_total' && value === 5)
      ? series
      : undefined;
  });

const principal = (account: string, namespace = 'default'): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

test.each(['v1', 'v2'])(
  'both reporters name both sides of a TCP connection of caller %s',
  async (version) => {
    const workload = `caller-${version}`;
    const source = await between(`${workload}-0`, 'source', workload);
    const destination = await between('echo-v1-0', 'destination', workload);
    const [labels, others] = [source, destination].map((series) => {
      const opened = series.filter(({ name }) => name === 'istio_tcp_connections_opened_total');
      expect(opened).toMatchObject([{ value: 1 }]);
      const { reporter: _, ...rest } = opened[0]?.labels ?? {};
      return rest;
    });
    expect(labels).toEqual(others);
    expect(labels).toEqual({
      source_workload: workload,
      source_workload_namespace: 'default',
      source_principal: principal('caller'),
      source_app: 'caller',
      source_version: version,
      source_canonical_service: 'caller',
      source_canonical_revision: version,
      source_cluster: 'callers',
      destination_workload: 'echo-v1',
      destination_workload_namespace: 'default',
      destination_principal: principal('default'),
      destination_app: 'echo',
      destination_version: 'v1',
      destination_service: 'echo.default.svc.cluster.local',
      destination_service_name: 'echo',
      destination_service_namespace: 'default',
      destination_canonical_service: 'echo',
      destination_canonical_revision: 'v1',
      destination_cluster: 'callers',
      request_protocol: 'tcp',
      response_flags: '-',
      connection_security_policy: 'mutual_tls',
    });
  },
);

test('a gateway is known as well', async () => {
  const port = await freePort();
  const file = `${mesh.stateDir}/gateway.yaml`;
  writeFileSync(
    file,
    `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: echo, namespace: default }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: ${port}, name: tcp, protocol: TCP }, hosts: ['*'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo, namespace: default }
spec:
  hosts: ['*']
  gateways: [echo]
  tcp: [{ route: [{ destination: { host: echo, port: { number: 9000 } } }] }]
`,
  );
  await mesh.ok('apply', '-f', file);
  await eventually('the gateway takes connections', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const told = new Promise<true | undefined>((resolve) => {
      socket.once('data', () => resolve(true));
      // Before the gateway knows where echo is.
      socket.once('close', () => resolve(undefined));
    });
    try {
      await once(socket, 'connect');
      socket.end('hello');
      return await told;
    } finally {
      socket.destroy();
    }
  });
  const [series] = await between('echo-v1-0', 'destination', 'ingressgateway');
  expect(series?.labels).toMatchObject({
    source_workload_namespace: 'tulle-system',
    source_canonical_service: 'istio-ingressgateway',
    source_cluster: 'callers',
  });
});
