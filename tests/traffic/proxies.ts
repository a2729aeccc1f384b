/** Starts proxies of either engine for members of a mesh: ours in this process, Envoys by our own agent. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { ControlPlane } from '@tulle/control-plane/control-plane';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { startProxy } from '@tulle/data-plane/proxy';
import type { InboundPort, OutboundCapture } from '@tulle/xds/node';
import type { ApiClient } from '../../packages/cli/api/client.ts';
import { enrolmentToken } from '../../packages/cli/api/enrolment.ts';
import { makeBootstrap } from '../../packages/cli/up/proxy/bootstrap-file.ts';
import { fetchOnce } from '../load.ts';
import { command, eventually } from '../mesh.ts';
import { peerPath } from '../peers/peer.ts';
import type { Member } from './members.ts';
import type { Engine } from './scenario.ts';

export interface StartedProxy {
  close(): Promise<void>;
}

export interface ProxyPlan {
  readonly member: Member;
  readonly inbound: readonly InboundPort[];
  readonly outbound: OutboundCapture;
  readonly adminPort: number;
}

export interface ProxySurroundings {
  readonly engine: Engine;
  readonly mesh: string;
  readonly plane: ControlPlane;
  readonly client: ApiClient;
  /** The program that an agent starts. */
  readonly envoy: string;
  /** Where proxies keep what is theirs. */
  readonly folder: string;
  /** Lines of the access log. */
  readonly onLogLine: (line: string) => void;
  /** What a proxy says of itself. */
  readonly onWords: (text: string) => void;
}

export const instanceOf = ({ workload }: Member): string => `${workload}-0`;

/** Resolves when the proxy serves its first configuration. */
export async function startMember(plan: ProxyPlan, around: ProxySurroundings): Promise<StartedProxy> {
  const bootstrap = await bootstrapFor(plan, around);
  return around.engine === 'tulle' ? startOurs(bootstrap, around) : startEnvoy(bootstrap, around);
}

async function bootstrapFor(plan: ProxyPlan, around: ProxySurroundings): Promise<Bootstrap> {
  const { member, inbound, outbound, adminPort } = plan;
  const { role, namespace, workload, serviceAccount = 'default', labels, locality, network } = member;
  const instance = instanceOf(member);
  const stateDir = join(around.folder, instance);
  const claims = { role, workload, labels };
  const token = await enrolmentToken(around.client, {
    namespace,
    serviceAccount,
    instance,
    claims,
    stateDir,
  });
  return makeBootstrap({
    ...{
      role,
      namespace,
      instance,
      workload,
      serviceAccount,
      labels,
      inbound,
      outbound,
      adminPort,
      stateDir,
    },
    mesh: around.mesh,
    engine: around.engine,
    drainSeconds: 0,
    controlPlane: around.plane,
    ...(locality === undefined ? {} : { locality }),
    ...(network === undefined ? {} : { network }),
    ...(token === undefined ? {} : { enrolmentToken: token }),
  });
}

async function startOurs(
  bootstrap: Bootstrap,
  { onLogLine, onWords }: ProxySurroundings,
): Promise<StartedProxy> {
  const proxy = await startProxy({
    bootstrap,
    log: onWords,
    stdout: lineWriter(onLogLine),
    stderr: lineWriter(onWords),
    signal: new AbortController().signal,
    onQuit: () => {},
  });
  await proxy.ready;
  return proxy;
}

async function startEnvoy(bootstrap: Bootstrap, around: ProxySurroundings): Promise<StartedProxy> {
  const { folder, onLogLine, onWords } = around;
  const file = join(folder, `${bootstrap.node.metadata.NAME}.json`);
  writeFileSync(file, JSON.stringify(bootstrap), { mode: 0o600 });
  const child = spawn(process.execPath, [command, 'proxy', '--engine', 'envoy', '--bootstrap', file], {
    env: { ...process.env, TULLE_ENVOY: around.envoy },
    // The fourth is its lifeline: it ends when we do, however that is.
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  child.stdout?.pipe(lineWriter(onLogLine));
  child.stderr?.pipe(lineWriter(onWords));
  const proxy = { close: () => end(child) };
  try {
    await eventually(`the Envoy of ${bootstrap.node.metadata.NAME} is ready`, async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      return (await fetchOnce(`http://127.0.0.1:${bootstrap.admin.port}/ready`)).status === 200 || undefined;
    });
  } catch (error) {
    await proxy.close();
    throw error;
  }
  return proxy;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Envoy writes its access log every ten seconds otherwise. */
export function promptEnvoy(folder: string): string {
  const path = join(folder, 'envoy');
  writeFileSync(path, `#!/bin/sh\nexec '${peerPath('envoy')}' "$@" --file-flush-interval-msec 20\n`);
  chmodSync(path, 0o755);
  return path;
}

function lineWriter(onLine: (line: string) => void): Writable {
  let rest = '';
  return new Writable({
    write(chunk: Buffer, _, done) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      done();
    },
  });
}
