import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { cases } from '../edge-headers/cases.ts';
import { type Certificates, makeCertificates } from '../edge-headers/certificates.ts';
import { envoyBootstrap } from '../edge-headers/configure.ts';
import { runCase, startUpstream, type Upstream } from '../edge-headers/run.ts';
import { fetchOnce } from '../load.ts';
import { eventually, temporaryFolder } from '../mesh.ts';
import { describeWithPeers } from './peer.ts';

/** The table of `../edge-headers`, held against Envoy: what we call hygiene is what the field calls so. */
describeWithPeers('the edge’s header hygiene, by Envoy', ['envoy'], () => {
  const folder = temporaryFolder();
  let upstream: Upstream;
  let envoy: ChildProcess;
  let certificates: Certificates;
  let ports: ReadonlyMap<string, number>;

  beforeAll(async () => {
    upstream = await startUpstream();
    certificates = await makeCertificates();
    const config = join(folder.path, 'bootstrap.json');
    const adminFile = join(folder.path, 'admin');
    writeFileSync(config, JSON.stringify(envoyBootstrap(cases, upstream.port, certificates)));
    envoy = spawn(
      'envoy',
      [
        '-c',
        config,
        '--admin-address-path',
        adminFile,
        '--concurrency',
        '1',
        '--use-dynamic-base-id',
        '-l',
        'error',
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    ports = await eventually('Envoy listens', async () => {
      if (!existsSync(adminFile)) throw new Error('Envoy has not started');
      return listenerPorts(readFileSync(adminFile, 'utf8').trim());
    });
  });

  afterAll(async () => {
    envoy.kill();
    await once(envoy, 'exit');
    await upstream.close();
    folder.remove();
  });

  test.each(cases.map((row, index) => [row.name, row, index] as const))('%s', async (_, row, index) => {
    await runCase(row, row.envoy ?? row, ports.get(String(index)) as number, upstream, certificates);
  });
});

async function listenerPorts(admin: string): Promise<ReadonlyMap<string, number>> {
  const { body } = await fetchOnce(`http://${admin}/listeners?format=json`);
  const { listener_statuses } = JSON.parse(body) as {
    listener_statuses?: { name: string; local_address: { socket_address: { port_value: number } } }[];
  };
  if (listener_statuses?.length !== cases.length) throw new Error('Envoy has not bound its listeners');
  return new Map(
    listener_statuses.map(({ name, local_address }) => [name, local_address.socket_address.port_value]),
  );
}
