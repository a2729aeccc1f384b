import { basename, relative } from 'node:path';
import { formatProblem } from '@tulle/resources/problem';
import type { Command } from 'commander';
import { usageError } from '../failure.ts';
import { type Io, note } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { closeMesh, openMesh } from '../up/open-mesh.ts';
import { chooseMeshPorts } from '../up/ports/mesh-ports.ts';
import { PortAllocator } from '../up/ports/ports.ts';
import { openView } from '../up/screen/live-view.ts';
import { renderWelcome } from '../up/screen/welcome.ts';
import { readMeshFile } from '../up/state/mesh-file.ts';
import { chosenStateDir, stateDirOf } from '../up/state/state-dir.ts';
import { Supervisor, whenAllReady } from '../up/supervisor.ts';
import type { CaptureMode } from '../up/workload-plan.ts';
import { VERSION } from '../version.ts';
import { captureOption } from './options/capture.ts';
import { example } from './options/examples.ts';

interface UpOptions {
  readonly state?: string;
  readonly fresh?: boolean;
  readonly port?: string;
  readonly capture: CaptureMode;
}

export function define(command: Command, io: Io): void {
  command
    .argument('<file>', 'mesh file: one Mesh resource, its workloads, and whatever else')
    .option('--state <folder>', 'where to keep its state (also TULLE_STATE)')
    .option('--fresh', 'forget the state of earlier runs first')
    .option('--port <number>', "the ingress gateway's HTTP port, instead of Mesh spec.ports.http (8080)")
    .addOption(captureOption('how traffic of Workloads that do not say reaches their sidecars'))
    .addHelpText(
      'after',
      example('tulle up examples/bookinfo/mesh.yaml', 'tulle up mesh.yaml --port 9000 --fresh'),
    )
    .action((file: string, _: unknown, self: Command) => up(file, self.optsWithGlobals<UpOptions>(), io));
}

/** Runs the mesh until it is interrupted; then stops everything in order. */
async function up(path: string, options: UpOptions, io: Io): Promise<void> {
  const began = io.now();
  const requestedPort = options.port === undefined ? undefined : readPort(options.port);
  const file = await readMeshFile(path, io.cwd);
  const name = file.mesh.metadata.name;
  for (const warning of file.warnings) note(io, `warning: ${formatProblem(warning)}`);
  const chosen = options.state ?? io.env.TULLE_STATE;
  const state = chosen === undefined ? stateDirOf(name, file.path, io.env) : chosenStateDir(chosen, io.cwd);

  const view = openView(io);
  view.info(`tulle ${VERSION}, mesh ${name} from ${relative(io.cwd, file.path) || basename(file.path)}`);
  const lock = await openMesh(state, file, { fresh: options.fresh === true, reporter: view });
  let supervisor: Supervisor | undefined;
  const allocator = new PortAllocator(process.pid * 64);
  try {
    const { ports, notes } = await chooseMeshPorts(file.mesh.spec?.ports ?? {}, requestedPort, {
      anyFree: () => allocator.take(),
    });
    for (const text of notes) view.warn(text);
    supervisor = new Supervisor({
      file,
      state,
      ports,
      allocator,
      capture: options.capture,
      reporter: view,
      env: io.env,
      onChange: () => {},
    });
    const running = supervisor;
    await untilInterrupted(io, async () => {
      await running.start();
      view.show(running);
      if (!(await whenAllReady(running, io.interrupted))) return;
      const seconds = (io.now() - began) / 1000;
      const { urls, api } = running;
      const command = io.env.npm_execpath === undefined ? 'tulle' : 'npx tulle';
      view.info(
        renderWelcome(
          { file, urls, api, cwd: io.cwd, command, seconds, columns: io.stdout.columns },
          palette(wantsColor(io.stdout, io.env)),
        ),
      );
    });
    view.close();
    note(io, `${io.interrupted.reason}: stopping`);
    await running.stop();
    note(io, 'stopped');
  } finally {
    view.close();
    await supervisor?.stop();
    await allocator.close();
    closeMesh(state, lock);
  }
}

/** Does the work, then waits; an interrupt ends the waiting at once, a failure of the work throws. */
async function untilInterrupted({ interrupted }: Io, work: () => Promise<void>): Promise<void> {
  if (interrupted.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  interrupted.addEventListener('abort', () => resolve(), { once: true });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  void work().catch(reject);
  await Promise.race([promise, failed]);
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw usageError(`--port must be a port number, not "${text}"`);
  return port;
}
