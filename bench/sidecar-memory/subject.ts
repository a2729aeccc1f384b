import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { storeSvid } from '@tulle/data-plane/identity/svid-file';
import { formatNodeId } from '@tulle/xds/node';
import { programPath } from '../../packages/cli/up/process/program.ts';
import { ProxyProcess } from '../../packages/cli/up/proxy/proxy-process.ts';
import { metadataOf, namespace, trustDomain } from '../control-plane/mesh.ts';
import type { Svids } from '../control-plane/seed.ts';
import type { Size } from '../control-plane/sizes.ts';
import type { Subject as ControlPlane } from '../control-plane/subject.ts';
import { pin, proxyCore } from '../system/cpu.ts';

export const adminPort = 15_000;
export const proxyPort = 15_002;

export interface SidecarOptions {
  /** Its state; what an earlier run left there is used. */
  readonly folder: string;
  readonly size: Size;
  readonly svids: Svids;
  readonly controlPlane: ControlPlane;
}

/** A running sidecar, the first service's. */
export interface Sidecar {
  readonly pid: number;
  /** From the first answer of the control plane until it serves. */
  readonly configuredInMs: () => number;
  /** Resolves when it serves. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the proxy on a core of its own, as `tulle up` does. @throws Error when set-up has not bundled it */
export async function startSidecar({ folder, size, svids, controlPlane }: SidecarOptions): Promise<Sidecar> {
  if (!programPath('data-plane').endsWith('.js'))
    throw new Error('the bundle of the proxy is older than its sources: npm run setup');
  const metadata = metadataOf(0, size);
  storeSvid(folder, { keyPem: svids.key, chainPem: svids.chains[0] ?? '', rootsPem: svids.roots });
  const bootstrap: Bootstrap = {
    node: {
      id: formatNodeId('sidecar', '127.0.0.1', metadata.NAME, namespace),
      cluster: `${metadata.NAME}.${namespace}`,
      metadata,
    },
    trustDomain,
    controlPlane: {
      address: controlPlane.address,
      xdsPort: controlPlane.xdsPort,
      enrolPort: 0,
      identity: controlPlane.identity,
    },
    stateDir: folder,
    admin: { address: '127.0.0.1', port: adminPort },
    lifelineFd: 3,
    drainSeconds: 1,
  };
  const logPath = join(folder, 'proxy.log');
  writeFileSync(logPath, '');
  const flags = process.env.TULLE_BENCH_FLAGS;
  const started = Promise.withResolvers<number>();
  const ready = Promise.withResolvers<void>();
  const proxy = new ProxyProcess({
    instance: metadata.NAME,
    bootstrap: () => Promise.resolve(bootstrap),
    bootstrapPath: join(folder, 'bootstrap.json'),
    logPath,
    compileCache: join(folder, '..', 'compile-cache'),
    cwd: folder,
    concurrency: 1,
    // To look inside: --heapsnapshot-signal=SIGUSR2, --cpu-prof, --require.
    env: () => (flags === undefined ? {} : { NODE_OPTIONS: flags }),
    registry: { started: (_spec, { pid }) => started.resolve(pid), ended: () => {} },
    onChange: (event) => (event.kind === 'ready' ? ready.resolve() : ready.reject(new Error(event.reason))),
  });
  void proxy.start().catch(ready.reject);
  const pid = await started.promise;
  pin([pid], proxyCore);
  return {
    pid,
    ready: ready.promise,
    configuredInMs: () => timeOf(logPath, 'ready after') - timeOf(logPath, 'control plane: connected'),
    stop: () => proxy.stop(2_000),
  };
}

/** When a line of the log was written, milliseconds. */
function timeOf(log: string, text: string): number {
  const line = readFileSync(log, 'utf8')
    .split('\n')
    .find((one) => one.includes(text));
  return line === undefined ? Number.NaN : Date.parse(line.slice(0, line.indexOf(' ')));
}
