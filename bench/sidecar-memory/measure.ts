import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { namespace, virtualService } from '../control-plane/mesh.ts';
import { seed } from '../control-plane/seed.ts';
import { type Subject as ControlPlane, startSubject } from '../control-plane/subject.ts';
import { nginxConfiguration } from '../peers/nginx-configuration.ts';
import { loadCore, pin } from '../system/cpu.ts';
import { type Program, startProgram } from '../system/program.ts';
import { askAdmin, askAll, askService, Watcher } from './asker.ts';
import { forgetPeak, type Resident, residentOf } from './resident.ts';
import { type Scope, sizeOf } from './scopes.ts';
import { type Sidecar, startSidecar } from './subject.ts';

export interface Figures {
  readonly scope: string;
  /** Of the last good configuration: as it came. */
  readonly configurationBytes: number;
  /** From the control plane's first answer to serving, and the longest that the proxy answered nobody meanwhile. */
  readonly start: { readonly configuredInMs: number; readonly blockedMs: number };
  /** The longest that a request waited while a change was taken. */
  readonly changeBlockedMs: number;
  readonly idle: Resident;
  readonly changed: Resident;
  /** Undefined: there is no network namespace in which the endpoints' addresses are ours. */
  readonly asked: Resident | undefined;
  /** Started from the last good configuration. */
  readonly restarted: Resident;
}

export interface Extent {
  readonly services: number;
  readonly endpoints: number;
  readonly changes: number;
  readonly requests: number;
}

/** What only a start, a change or a burst needed is given back some five seconds after it. */
const settleMs = 12_000;
/** A service with a VirtualService that every scope sees. */
const target = 10;
/** Among those that every scope sees, so many are asked. */
const askedServices = 10;

const hostOf = (index: number): string => `service-${String(index).padStart(4, '0')}.${namespace}`;

/** Measures one scope, with a control plane of its own. */
export async function measure(
  scope: Scope,
  extent: Extent,
  reachable: boolean,
  note: (text: string) => void,
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-bench-sidecar-'));
  const size = sizeOf(extent.services, extent.endpoints, scope);
  const running: { stop(): Promise<void> }[] = [];
  try {
    note(`${scope.name}: storing …`);
    const state = join(folder, 'control-plane');
    mkdirSync(state);
    const svids = await seed(state, size, scope.resources);
    const controlPlane = await startSubject(state);
    running.push(controlPlane.program);
    pin([controlPlane.program.pid], loadCore);
    if (reachable) running.push(startApplications(folder));
    const start = async (name: string): Promise<Sidecar> => {
      mkdirSync(join(folder, name), { recursive: true });
      const sidecar = await startSidecar({ folder: join(folder, name), size, svids, controlPlane });
      running.push(sidecar);
      return sidecar;
    };
    const settled = async (sidecar: Sidecar): Promise<Resident> => {
      await pause(settleMs);
      const found = residentOf(sidecar.pid);
      forgetPeak(sidecar.pid);
      return found;
    };

    note('  a start that is watched …');
    const watched = await start('watched');
    const watcher = new Watcher(askAdmin);
    await watched.ready;
    const blockedMs = await watcher.stop();
    const configuredInMs = watched.configuredInMs();
    await watched.stop();

    note('  a start …');
    let sidecar = await start('proxy');
    await sidecar.ready;
    const idle = await settled(sidecar);
    note(`  ${extent.changes} changes …`);
    const changeBlockedMs = reachable ? await change(controlPlane, extent.changes) : Number.NaN;
    const changed = await settled(sidecar);
    let asked: Resident | undefined;
    if (reachable) {
      note(`  ${extent.requests} requests …`);
      const hosts = Array.from({ length: askedServices }, (_, at) => hostOf(at + 1));
      await askAll(hosts, extent.requests, 32);
      asked = await settled(sidecar);
    }
    await sidecar.stop();
    note('  a start from the last good configuration …');
    const configurationBytes = statSync(join(folder, 'proxy', 'configuration.bin')).size;
    sidecar = await start('proxy');
    await sidecar.ready;
    const restarted = await settled(sidecar);
    return {
      scope: scope.name,
      configurationBytes,
      start: { configuredInMs, blockedMs },
      changeBlockedMs,
      ...{ idle, changed, asked, restarted },
    };
  } finally {
    for (const one of running.reverse()) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Changes a route so many times, each when the one before serves. Resolves with the longest wait of a request. */
async function change(controlPlane: ControlPlane, times: number): Promise<number> {
  const host = hostOf(target);
  let mark = '';
  const watcher = new Watcher(async (agent) => {
    mark = String((await askService(agent, host)).headers['x-bench']);
  });
  for (let nth = 0; nth < times; nth++) {
    const wanted = `change-${nth}`;
    const { metadata, spec } = virtualService(target, wanted);
    const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/${metadata.name}`;
    await controlPlane.request('PATCH', path, { spec });
    while (mark !== wanted) await pause(5);
  }
  return watcher.stop();
}

/** All applications of the mesh: whatever the address, one answers. */
function startApplications(folder: string): Program {
  const prefix = join(folder, 'applications');
  mkdirSync(prefix);
  const file = join(prefix, 'nginx.conf');
  const server = ['  server {', '    listen 0.0.0.0:9080;', '    location / { return 200 "hello"; }', '  }'];
  writeFileSync(file, nginxConfiguration(prefix, server));
  return startProgram('nginx', ['-p', prefix, '-c', file], { core: loadCore });
}
