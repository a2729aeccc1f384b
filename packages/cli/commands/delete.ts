import type { ResourceKind } from '@tulle/resources/kind';
import type { Command } from 'commander';
import { isApiError } from '../api/api-error.ts';
import type { ApiClient } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { displayName, inApplyOrder } from '../apply/applicable.ts';
import { skipForeignKinds } from '../apply/foreign-kinds.ts';
import { Failure, usageError } from '../failure.ts';
import { type Io, note, print } from '../io.ts';
import { recordSources } from '../up/state/source-book.ts';
import { type ApplyCommandOptions, applicables, readApplied, reportProblems } from './apply.ts';
import { example } from './options/examples.ts';
import { parseSelection } from './options/kind-arguments.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

interface DeleteOptions extends ApplyCommandOptions {
  readonly all?: boolean;
  readonly selector?: string;
  readonly ignoreNotFound?: boolean;
}

interface Target {
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly name: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('[kind]', 'a kind or KIND/NAME')
    .argument('[names...]', 'names of resources')
    .option('-f, --filename <path...>', 'what the file, folder or - (standard input) has')
    .option('-n, --namespace <name>', 'namespace (default: "default")')
    .option('-l, --selector <labels>', 'those of the kind with these labels')
    .option('--all', 'all of the kind in the namespace')
    .option('--ignore-not-found', 'what is not there is no failure')
    .option('--dry-run', 'check, delete nothing')
    .option(...skipForeignKinds)
    .option('-o, --output <format>', 'name')
    .addHelpText(
      'after',
      example(
        'tulle delete vs reviews',
        'tulle delete -f canary.yaml',
        'tulle delete workloads -l app=reviews',
        'tulle delete namespace bluegreen',
      ),
    )
    .action((kind: string | undefined, names: string[], _: unknown, self: Command) =>
      remove(kind === undefined ? [] : [kind, ...names], self.optsWithGlobals<DeleteOptions>(), io),
    );
}

async function remove(words: readonly string[], options: DeleteOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['name']);
  if (words.length > 0 === (options.filename !== undefined))
    throw usageError('say what to delete: KIND NAME, or -f FILE');
  const { client, state } = connect(options, io);
  const targets =
    options.filename === undefined ? await selected(client, words, options) : await fromFiles(options, io);
  const suffix = options.dryRun ? ' deleted (dry run)' : ' deleted';
  let missing = 0;
  for (const target of targets) {
    const shown = displayName(target.kind, target.name);
    try {
      await client.delete(target.kind, target.namespace, target.name, { dryRun: options.dryRun === true });
      print(io, format === 'name' ? shown : `${shown}${suffix}`);
    } catch (error) {
      if (!isApiError(error, 404)) throw error;
      if (options.ignoreNotFound) continue;
      note(io, `${shown} not found`);
      missing++;
    }
  }
  if (!options.dryRun)
    recordSources(
      state.sources,
      targets.map((target) => ({ ...target, file: undefined })),
    );
  if (missing > 0) throw new Failure('');
}

async function fromFiles(options: DeleteOptions, io: Io): Promise<Target[]> {
  const contents = await readApplied(options, io);
  reportProblems(
    contents.problems.filter(({ severity }) => severity === 'error'),
    io,
  );
  return inApplyOrder(applicables(contents, options.namespace).map(({ item }) => item)).reverse();
}

async function selected(
  client: ApiClient,
  words: readonly string[],
  options: DeleteOptions,
): Promise<Target[]> {
  const { kinds, named } = parseSelection(words);
  const namespace = options.namespace ?? 'default';
  const scope = (kind: ResourceKind): string => (kind.namespaced ? namespace : '');
  if (named.length > 0) return named.map(({ kind, name }) => ({ kind, namespace: scope(kind), name }));
  if (!options.all && options.selector === undefined)
    throw usageError('say which: a name, -l LABELS or --all');
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const { items } = await client.list(kind, {
        namespace,
        ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
      });
      return items.map(({ metadata }) => ({ kind, namespace: scope(kind), name: metadata.name }));
    }),
  );
  return inApplyOrder(lists.flat()).reverse();
}
