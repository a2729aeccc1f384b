import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatEnrolmentToken } from '@tulle/xds/enrolment-token';
import { expect, test } from 'vitest';
import type { Bootstrap } from './bootstrap.ts';

test('a proxy goes on where its log has no room', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-full-'));
  let attempts = 0;
  // Each attempt to enrol fails, and would be logged.
  const controlPlane = createServer((socket) => {
    attempts++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(controlPlane, 'listening');
  const { port } = controlPlane.address() as AddressInfo;
  const bootstrap: Bootstrap = {
    node: {
      id: 'sidecar~127.0.0.1~web-0.default~default.svc.cluster.local',
      cluster: 'web.default',
      metadata: {
        NAMESPACE: 'default',
        SERVICE_ACCOUNT: 'web',
        NAME: 'web-0',
        WORKLOAD_NAME: 'web',
        LABELS: {},
        CLUSTER_ID: 'test',
        MESH_ID: 'test',
        TULLE_ENGINE: 'tulle',
        TULLE_INBOUND: [],
        TULLE_OUTBOUND: { upstreams: [] },
        TULLE_ADMIN_PORT: 0,
      },
    },
    trustDomain: 'mesh.test',
    controlPlane: { address: '127.0.0.1', xdsPort: port, enrolPort: port, identity: 'spiffe://mesh.test/cp' },
    enrolmentToken: formatEnrolmentToken({
      id: 'i'.repeat(12),
      secret: 's'.repeat(43),
      rootPin: '00'.repeat(32),
    }),
    stateDir: folder,
    admin: { address: '127.0.0.1', port: 0 },
    drainSeconds: 0,
  };
  const path = join(folder, 'bootstrap.json');
  writeFileSync(path, JSON.stringify(bootstrap));
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--bootstrap', path], {
    stdio: ['ignore', full, full],
  });
  closeSync(full);
  const exit = once(child, 'exit');
  try {
    await expect.poll(() => child.exitCode ?? attempts).toBeGreaterThan(2);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    await exit;
    controlPlane.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
