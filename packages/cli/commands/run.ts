import type { Probe } from '@tulle/resources/tulle/probe';
import { type Command, Option } from 'commander';
import type { ApiClient } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { EXIT, Failure, usageError } from '../failure.ts';
import { type Io, note } from '../io.ts';
import { checkNew, findGroup, isThere, WORKLOAD } from '../join/find-group.ts';
import type { GroupPlan } from '../join/group-plan.ts';
import { runJoined } from '../join/joined-process.ts';
import { joinService } from '../join/service-port.ts';
import { findUser, type UserIds } from '../up/app/user.ts';
import type { CaptureMode, PlannedPort } from '../up/workload-plan.ts';
import { captureOption } from './options/capture.ts';
import { example } from './options/examples.ts';
import { parseLabels } from './options/labels.ts';
import { addMeshOptions } from './options/mesh.ts';
import { repeatable } from './options/repeatable.ts';
import { readUpstreams } from './options/upstream.ts';

interface RunOptions {
  readonly service?: string;
  readonly port?: string;
  readonly group?: string;
  readonly appPort?: string;
  readonly label?: string[];
  readonly upstream?: string[];
  readonly namespace: string;
  readonly serviceAccount?: string;
  readonly network?: string;
  readonly name?: string;
  readonly readiness?: string;
  readonly engine: 'tulle' | 'envoy';
  readonly capture: CaptureMode;
  readonly user?: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<command...>', 'program and arguments, after --')
    .option('--service <name>', 'the service that it serves: its label app; made if there is none')
    .option('--port <number>', 'the port that callers of the service know')
    .option('--group <name>', 'the WorkloadGroup that says its labels, ports, account and probe')
    .option(
      '--app-port <number>',
      'the port that the program listens on; without, the group’s, or the one given to it in PORT',
    )
    .option('--label <label>', 'KEY=VALUE, such as version=v4; repeatable', repeatable)
    .option('--upstream <host:port>', 'a service that it calls; repeatable; all without', repeatable)
    .option('-n, --namespace <name>', 'namespace', 'default')
    .option('--service-account <name>', 'identity; default without')
    .option('--network <name>', 'the network that it runs in, where the mesh has several')
    .option('--name <name>', 'name of the instance')
    .option(
      '--readiness <path>',
      'it gets requests when GET of this path succeeds; without, when its port is open',
    )
    .addOption(
      new Option('--engine <name>', 'the program that runs as its sidecar')
        .choices(['tulle', 'envoy'])
        .default('tulle'),
    )
    .addOption(captureOption('how its traffic reaches its sidecar'))
    .option('--user <user>', 'whom it runs as, by name or number, USER or USER:GROUP; needs root')
    .passThroughOptions()
    .addHelpText(
      'after',
      example(
        'tulle run --service reviews --port 9080 --label version=v4 -- ./my-reviews',
        'tulle run --service api --port 80 --upstream reviews:9080 -- node server.js',
        'tulle run --group reviews -- /opt/reviews/bin/serve',
      ),
    )
    .action((words: string[], _: unknown, self: Command) =>
      runCommand(words, self.optsWithGlobals<RunOptions>(), io),
    );
}

async function runCommand(words: readonly string[], options: RunOptions, io: Io): Promise<void> {
  const [program, ...args] = words;
  if (program === undefined) throw usageError('say what to run after --');
  const upstreams = readUpstreams(options.upstream ?? []);
  const user = options.user === undefined ? undefined : readUser(options.user);
  const appPort = options.appPort === undefined ? undefined : readPort('--app-port', options.appPort);
  checkJoin(options);
  const connection = connect(options, io);
  const { client } = connection;
  const { namespace } = options;
  const what =
    options.group === undefined
      ? await asService(client, options)
      : await asGroup(client, namespace, options.group);
  const { workload, serviceAccount } = what;
  const labels = { ...what.labels, ...parseLabels(options.label ?? []) };
  // The pid keeps instances of two terminals apart, and apart from the supervisor's small numbers.
  const instance = options.name ?? `${workload}-${process.pid}`;
  await checkNew(client, namespace, instance);
  const joined = await what.join(instance);
  const [first, ...others] = joined.ports;
  const ports =
    first === undefined || appPort === undefined ? joined.ports : [{ ...first, appPort }, ...others];
  const readiness = options.readiness === undefined ? what.readiness : readinessOf(options.readiness);
  let code: number;
  try {
    code = await runJoined(
      {
        ...what.place,
        namespace,
        workload,
        instance,
        serviceAccount: options.serviceAccount ?? serviceAccount,
        labels,
        engine: options.engine,
        capture: options.capture,
        ports,
        upstreams,
        ...(readiness === undefined ? {} : { readiness }),
        command: [program, ...args],
        ...(user === undefined ? {} : { user }),
      },
      {
        connection,
        env: io.env,
        cwd: io.cwd,
        isTerminal: process.stdin.isTTY === true,
        interrupted: io.interrupted,
        say: (text) => note(io, `tulle: ${text}`),
      },
    );
  } finally {
    await joined.leave().catch(() => {});
  }
  // The command's own exit code, without a message of ours.
  if (code !== EXIT.ok) throw new Failure('', code);
}

/** What `--service` or `--group` makes of the process. */
interface Joining {
  readonly workload: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly place: Pick<GroupPlan, 'locality' | 'network' | 'weight'>;
  readonly readiness?: Probe;
  join(instance: string): Promise<{ readonly ports: readonly PlannedPort[]; leave(): Promise<void> }>;
}

function checkJoin({ service, port, group, serviceAccount, network }: RunOptions): void {
  if (group !== undefined && serviceAccount !== undefined)
    throw usageError('--group says the account: its template has the serviceAccount');
  if (group !== undefined && network !== undefined)
    throw usageError('--group says the network: its template has it');
  if (group !== undefined && (service !== undefined || port !== undefined))
    throw usageError('--group says what --service and --port would: give only one of them');
  if (group === undefined && (service === undefined || port === undefined))
    throw usageError('say --service and --port, or --group');
}

async function asService(client: ApiClient, options: RunOptions): Promise<Joining> {
  const { service = '', namespace, network } = options;
  const labels: Record<string, string> = { app: service, ...parseLabels(options.label ?? []) };
  const port = readPort('--port', options.port ?? '');
  const wanted = `${service}-${labels.version ?? 'run'}`;
  // Not the name of a Workload: its instances have its account and labels, and this one is none of them.
  const workload = (await isThere(client, WORKLOAD, namespace, wanted)) ? `${wanted}-run` : wanted;
  return {
    workload,
    serviceAccount: 'default',
    labels,
    place: network === undefined ? {} : { network },
    async join(instance) {
      const joined = await joinService(client, namespace, service, port, instance);
      return { ports: [joined.port], leave: joined.leave };
    },
  };
}

async function asGroup(client: ApiClient, namespace: string, name: string): Promise<Joining> {
  const { workload, serviceAccount, labels, ports, readiness, ...rest } = await findGroup(
    client,
    namespace,
    name,
  );
  const { locality, network, weight } = rest;
  return {
    workload,
    serviceAccount,
    labels,
    place: {
      ...(locality === undefined ? {} : { locality }),
      ...(network === undefined ? {} : { network }),
      ...(weight === undefined ? {} : { weight }),
    },
    ...(readiness === undefined ? {} : { readiness }),
    join: async () => ({ ports, leave: async () => {} }),
  };
}

const readinessOf = (path: string): Probe => ({ httpGet: { path }, periodSeconds: 2 });

function readPort(option: string, text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw usageError(`${option} must be a port number, not "${text}"`);
  return port;
}

function readUser(text: string): UserIds {
  try {
    return findUser(text);
  } catch (error) {
    throw usageError(`--user: ${(error as Error).message}`);
  }
}
