import { findKind } from '@tulle/resources/kinds';
import { formatProblem } from '@tulle/resources/problem';
import { validateResource } from '@tulle/resources/validate';
import type { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { displayName, makeApplicable } from '../apply/applicable.ts';
import { applyAll } from '../apply/apply.ts';
import { Failure, usageError } from '../failure.ts';
import { type Io, note, print } from '../io.ts';
import { example } from './options/examples.ts';
import { parseLabels } from './options/labels.ts';
import { addMeshOptions } from './options/mesh.ts';

interface RegisterOptions {
  readonly service: string;
  readonly address: string;
  readonly port?: string[];
  readonly label?: string[];
  readonly namespace: string;
  readonly serviceAccount?: string;
  readonly weight?: string;
  readonly locality?: string;
  readonly network?: string;
  readonly dryRun?: boolean;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<name>', 'a name for the entry')
    .requiredOption('--service <name>', 'the service that it belongs to: its label app')
    .requiredOption('--address <address>', 'IP address or host name')
    .option('--port <port...>', 'NAME=PORT where the service port of that name is served, or PORT')
    .option('--label <label...>', 'KEY=VALUE, such as version=v2')
    .option('-n, --namespace <name>', 'namespace', 'default')
    .option('--service-account <name>', 'the identity that its proxy will have')
    .option('--weight <number>', 'load-balancing weight')
    .option('--locality <region/zone/subzone>', 'where it is')
    .option('--network <name>', 'the network of its address')
    .option('--dry-run', 'check, write nothing')
    .addHelpText(
      'after',
      example(
        'tulle register vm --service reviews --address 10.0.0.5 --port http=9080',
        'tulle deregister vm',
      ),
    )
    .action((name: string, _: unknown, self: Command) =>
      register(name, self.optsWithGlobals<RegisterOptions>(), io),
    );
}

/** A WorkloadEntry: an endpoint without one of our sidecars beside it. */
async function register(name: string, options: RegisterOptions, io: Io): Promise<void> {
  const kind = findKind('networking.istio.io/v1', 'WorkloadEntry');
  if (kind === undefined) throw new Error('WorkloadEntry is no kind');
  const ports = parsePorts(options.port ?? []);
  const { resource, problems } = validateResource({
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: { name, namespace: options.namespace },
    spec: {
      address: options.address,
      labels: { app: options.service, ...parseLabels(options.label ?? []) },
      ...(Object.keys(ports).length === 0 ? {} : { ports }),
      ...(options.serviceAccount === undefined ? {} : { serviceAccount: options.serviceAccount }),
      ...(options.weight === undefined ? {} : { weight: Number(options.weight) }),
      ...(options.locality === undefined ? {} : { locality: options.locality }),
      ...(options.network === undefined ? {} : { network: options.network }),
    },
  });
  for (const problem of problems)
    note(io, `${problem.severity === 'error' ? '' : 'warning: '}${formatProblem(problem)}`);
  if (resource === undefined) throw new Failure('');
  const { client } = connect(options, io);
  await applyAll(client, [makeApplicable(resource, kind, { defaultNamespace: options.namespace })], {
    dryRun: options.dryRun === true,
    onOutcome: ({ item, verb }) =>
      print(io, `${displayName(item.kind, item.name)} ${verb}${options.dryRun ? ' (dry run)' : ''}`),
  });
}

/** `http=9080` names the service port; a bare number is the port named http. */
function parsePorts(words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name = 'http', digits] = /^(?:([^=]+)=)?(\d{1,5})$/.exec(word) ?? [];
      if (digits === undefined) throw usageError(`--port must be NAME=PORT or PORT, not "${word}"`);
      return [name, Number(digits)];
    }),
  );
}
