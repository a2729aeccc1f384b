import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startControlPlane } from '@tulle/control-plane/control-plane';
import { freePort } from '@tulle/data-plane/testing/free-port';
import { afterEach, expect, test } from 'vitest';
import { createApiClient } from '../packages/cli/api/client.ts';
import { enrolmentToken } from '../packages/cli/api/enrolment.ts';
import { listProxies } from '../packages/cli/api/proxies.ts';
import { makeBootstrap } from '../packages/cli/up/proxy/bootstrap-file.ts';
import { gatewayNode } from '../packages/cli/up/proxy/proxy-node.ts';
import { ProxyProcess } from '../packages/cli/up/proxy/proxy-process.ts';
import { eventually, temporaryFolder } from './mesh.ts';

const cleanUps: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A control plane in this process whose SVIDs live for so long, and a supervised gateway. */
async function gatewayUnder(svidLifetimeMs: number) {
  const state = temporaryFolder();
  cleanUps.push(state.remove);
  const plane = await startControlPlane({
    config: { mesh: 'outages', trustDomain: 'mesh.test', stateDir: state.path },
    svidLifetimeMs,
    log: () => {},
  });
  cleanUps.push(() => plane.close());
  const token = readFileSync(join(state.path, 'api-token'), 'utf8').trim();
  const client = createApiClient({ url: plane.api, token });
  const [http, https, adminPort] = [await freePort(), await freePort(), await freePort()];
  const node = gatewayNode({ address: '127.0.0.1', http, https }, { mesh: 'outages', adminPort });
  const stateDir = join(state.path, 'gateway');
  const gateway = new ProxyProcess({
    instance: node.instance,
    bootstrap: async () =>
      makeBootstrap({
        ...node,
        ...{ drainSeconds: 0, stateDir, controlPlane: plane },
        enrolmentToken: (await enrolmentToken(client, { ...node, claims: node, stateDir })) ?? '',
      }),
    bootstrapPath: join(state.path, 'gateway.json'),
    logPath: join(state.path, 'gateway.log'),
    compileCache: join(state.path, 'compile-cache'),
    cwd: state.path,
    concurrency: 1,
    env: () => ({}),
    registry: { started: () => {}, ended: () => {} },
    onChange: () => {},
  });
  cleanUps.push(() => gateway.stop(0));
  void gateway.start();
  /** When the certificate of the connected gateway ends, in milliseconds since the epoch. */
  const connectedUntil = async (): Promise<number | undefined> => {
    const [proxy] = await listProxies(client);
    return proxy && Date.parse(proxy.certificateExpires);
  };
  return { gateway, connectedUntil };
}

test('a proxy that stood still until its certificate was over gets another by itself', async () => {
  const lifetimeMs = 3_000;
  const { gateway, connectedUntil } = await gatewayUnder(lifetimeMs);
  await eventually('the gateway is connected', connectedUntil);
  const pid = gateway.pid as number;
  process.kill(pid, 'SIGSTOP');
  const over = Date.now() + lifetimeMs + 1_000;
  while (Date.now() < over) await pause(over - Date.now());
  process.kill(pid, 'SIGCONT');
  await eventually('the gateway is back', async () => {
    const until = await connectedUntil();
    return until !== undefined && until > over ? true : undefined;
  });
  expect(gateway.pid).toBe(pid);
});
