import { setTimeout as pause } from 'node:timers/promises';
import type { ResourceKind } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import type { Registration } from '@tulle/resources/tulle/registration';
import type { Command } from 'commander';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { Failure } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { GATEWAY_NAMESPACE, GATEWAY_WORKLOAD } from '../up/gateway.ts';
import { PROXY_RESTART_ANNOTATION } from '../up/proxy/proxy-restart.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';

interface RestartOptions {
  readonly namespace: string;
  readonly mesh?: string;
  readonly state?: string;
}

/** How long one instance may take until its new proxy serves. */
const WITHIN_MS = 40_000;
const LOOK_EVERY_MS = 100;

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<workload...>', `workloads of the mesh; ${GATEWAY_WORKLOAD} for the ingress gateway`)
    .option('-n, --namespace <name>', 'namespace', 'default')
    .addHelpText(
      'after',
      [
        '\nEach proxy is replaced by a new one that listens on the same sockets; the one',
        'before finishes what is open. No connection is refused, no request fails.',
        example('tulle restart-proxy reviews-v1', `tulle restart-proxy ${GATEWAY_WORKLOAD}`),
      ].join('\n'),
    )
    .action((names: string[], _: unknown, self: Command) =>
      restartProxies(names, self.optsWithGlobals<RestartOptions>(), io),
    );
}

async function restartProxies(names: readonly string[], options: RestartOptions, io: Io): Promise<void> {
  const { client, run } = connect(options, io);
  for (const name of names) {
    const namespace = name === GATEWAY_WORKLOAD ? GATEWAY_NAMESPACE : options.namespace;
    const before = await proxyPids(client, namespace, name);
    await ask(client, name, options.namespace, run.mesh, new Date(io.now()).toISOString());
    for (const [instance, pid] of before) {
      await untilReplaced(client, namespace, name, instance, pid, io);
      print(io, `${instance}: a new proxy has taken over`);
    }
  }
}

async function ask(
  client: ApiClient,
  name: string,
  namespace: string,
  mesh: string,
  when: string,
): Promise<void> {
  const patch = { metadata: { annotations: { [PROXY_RESTART_ANNOTATION]: when } } };
  try {
    if (name === GATEWAY_WORKLOAD) await client.patch(kindOf('Mesh'), '', mesh, patch);
    else await client.patch(kindOf('Workload'), namespace, name, patch);
  } catch (error) {
    if (isApiError(error, 404)) throw new Failure(`there is no Workload ${name} in namespace ${namespace}`);
    throw error;
  }
}

/** @throws Failure when it has not happened in time */
async function untilReplaced(
  client: ApiClient,
  namespace: string,
  workload: string,
  instance: string,
  before: number,
  io: Io,
): Promise<void> {
  const deadline = io.now() + WITHIN_MS;
  while (io.now() < deadline) {
    const pid = (await proxyPids(client, namespace, workload)).get(instance);
    // One that has ended meanwhile has nothing to be replaced.
    if (pid !== before) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Failure(
    `${instance}: no new proxy serves; the one before goes on (tulle logs ${workload} --proxy)`,
  );
}

/** The process of each instance's proxy. */
async function proxyPids(
  client: ApiClient,
  namespace: string,
  workload: string,
): Promise<ReadonlyMap<string, number>> {
  const { items } = await client.list(kindOf('Registration'), { namespace });
  const own = (items as Registration[]).filter(
    ({ metadata }) => metadata.name.replace(/-\d+$/, '') === workload,
  );
  return new Map(
    own.flatMap(({ metadata, status }) =>
      status?.proxyPid === undefined ? [] : [[metadata.name, status.proxyPid] as const],
    ),
  );
}

function kindOf(name: string): ResourceKind {
  const kind = findKind('tulle.dev/v1alpha1', name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return kind;
}
