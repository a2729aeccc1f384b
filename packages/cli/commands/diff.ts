import type { ProxyDescription } from '@tulle/control-plane/compile/proxy';
import type { Model } from '@tulle/control-plane/model/model';
import type { Resource } from '@tulle/resources/kind';
import { parseDuration } from '@tulle/resources/schema/duration';
import type { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { listProxies } from '../api/proxies.ts';
import { changedResources } from '../explain/diff/changed-resources.ts';
import { compare } from '../explain/diff/compare.ts';
import { factsOf } from '../explain/diff/facts.ts';
import { renderDifferences } from '../explain/diff/render.ts';
import { describeRunning, readLiveMesh } from '../explain/live-mesh.ts';
import { readMeshFiles } from '../explain/mesh-files.ts';
import { modelOf, modelOfFiles, resourcesOf } from '../explain/mesh-model.ts';
import { compiledView } from '../explain/proxy-view.ts';
import { logFileOf, recordedRequests } from '../explain/replay/logs.ts';
import type { RecordedRequest } from '../explain/replay/recorded-request.ts';
import { renderReplay } from '../explain/replay/render.ts';
import { type Replayed, type ReplayedProxy, replay } from '../explain/replay/replay.ts';
import { usageError } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { renderDocument } from '../output/documents.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';
import { repeatable } from './options/repeatable.ts';

interface DiffOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly base?: readonly string[];
  readonly delete?: boolean;
  readonly replay?: string;
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

/** Two configurations of the same proxies. */
interface Change {
  readonly before: Model;
  readonly after: Model;
  readonly proxies: readonly ProxyDescription[];
  /** Where the proxies' logs are; undefined: nothing runs. */
  readonly logs?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .option('-f, --filename <file>', 'the change: files or folders; again for more', repeatable)
    .option('-n, --namespace <name>', 'for resources of the change that name none (default: "default")')
    .option('--delete', 'the change is that these are deleted')
    .option(
      '--base <file>',
      'what there is: files or folders instead of a running mesh; again for more',
      repeatable,
    )
    .option('--replay <time>', 'decide the requests of the last 15m, say, once more under both')
    .option('-o, --output <format>', 'json, yaml')
    .addHelpText(
      'after',
      example(
        'tulle diff -f canary.yaml',
        'tulle diff -f canary.yaml --replay 15m',
        'tulle diff -f canary.yaml -n bluegreen --delete',
        'tulle diff -f canary.yaml --base mesh.yaml -o json',
      ),
    )
    .action((_: unknown, self: Command) => diff(self.optsWithGlobals<DiffOptions>(), io));
}

async function diff(options: DiffOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  if (options.filename === undefined) throw usageError('say what would change: -f FILE');
  const change = await changeOf(options, options.filename, io);
  const { before, after, proxies } = change;
  const differences = compare(
    proxies.map((proxy) => ({
      workload: `${proxy.metadata.NAMESPACE}/${proxy.metadata.WORKLOAD_NAME}`,
      before: factsOf(resourcesOf(before, proxy)),
      after: factsOf(resourcesOf(after, proxy)),
    })),
  );
  const replayed = options.replay === undefined ? undefined : replayChange(change, options.replay, io);
  if (format !== undefined) {
    print(io, renderDocument({ differences, ...(replayed !== undefined && { replay: replayed }) }, format));
    return;
  }
  const paint = palette(wantsColor(io.stdout, io.env));
  print(io, renderDifferences(differences, paint));
  if (replayed !== undefined) print(io, renderReplay(replayed, options.replay ?? '', paint));
}

/** What clients have sent and workloads have called; what came in at workloads is the same once more. */
function replayChange({ before, after, proxies, logs }: Change, window: string, io: Io): Replayed {
  const ms = parseDuration(window);
  if (ms === undefined || ms <= 0) throw usageError(`--replay must be a time such as 15m, not "${window}"`);
  if (logs === undefined) throw usageError('--replay needs a running mesh: files alone have no access log');
  return replay(
    proxies.flatMap((proxy): ReplayedProxy[] => {
      const { NAME, NAMESPACE, WORKLOAD_NAME } = proxy.metadata;
      const file = logFileOf(logs, NAMESPACE, NAME);
      if (file === undefined) return [];
      const old = compiledView(before, proxy).explainer;
      const { tables } = old.proxy;
      const outbound = ({ call }: RecordedRequest): boolean =>
        tables.listeners.get(call.listener ?? '')?.direction !== 'inbound';
      const requests = recordedRequests(file, tables, io.now() - ms).filter(outbound);
      return [
        { workload: WORKLOAD_NAME, before: old, after: compiledView(after, proxy).explainer, requests },
      ];
    }),
  );
}

async function changeOf(options: DiffOptions, filename: readonly string[], io: Io): Promise<Change> {
  const { resources: written } = await readMeshFiles(filename, io, options.namespace);
  const change = (resources: readonly Resource[]) =>
    changedResources(resources, written, options.delete === true);
  if (options.base !== undefined) {
    const base = await readMeshFiles(options.base, io);
    const before = await modelOfFiles(base.resources);
    // Who runs where stays, whatever Workloads the change has: it is about what proxies do.
    const after = modelOf(change([...before.model.config.resources.values()]), before.instances);
    return { before: before.model, after, proxies: before.proxies };
  }
  const { client, state } = connect(options, io);
  const [mesh, statuses] = await Promise.all([readLiveMesh(client), listProxies(client)]);
  const proxies = await Promise.all(statuses.map(describeRunning));
  return {
    before: modelOf(mesh.resources, mesh.instances),
    after: modelOf(change(mesh.resources), mesh.instances),
    proxies,
    logs: state.logs,
  };
}
