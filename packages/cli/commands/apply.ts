import { formatProblem, type Problem } from '@tulle/resources/problem';
import type { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { type Applicable, displayName, makeApplicable, refuseOther } from '../apply/applicable.ts';
import { applyAll } from '../apply/apply.ts';
import { checkAgainstMesh } from '../apply/check-against-mesh.ts';
import { foreignHint, skipForeignKinds, withoutForeign } from '../apply/foreign-kinds.ts';
import { type FileContents, readResourceFiles } from '../apply/read-files.ts';
import { EXIT, Failure, usageError } from '../failure.ts';
import { type Io, note, print } from '../io.ts';
import { renderResources } from '../output/documents.ts';
import { recordSources } from '../up/state/source-book.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

export interface ApplyCommandOptions {
  readonly filename?: string[];
  readonly namespace?: string;
  readonly dryRun?: boolean;
  readonly skipUnknownKinds?: boolean;
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

const FORMATS = ['yaml', 'json', 'name'] as const;

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .option('-f, --filename <path...>', 'file, folder, or - for standard input')
    .option('-n, --namespace <name>', 'for resources that name none (default: "default")')
    .option('--dry-run', 'check everything, write nothing')
    .option(...skipForeignKinds)
    .option('-o, --output <format>', FORMATS.join(', '))
    .addHelpText(
      'after',
      example(
        'tulle apply -f examples/bookinfo/networking/canary.yaml',
        'tulle apply -f routes/ --dry-run',
        'cat mesh.yaml | tulle apply -n bluegreen -f -',
      ),
    )
    .allowExcessArguments()
    .action((_: unknown, self: Command) => {
      const options = self.optsWithGlobals<ApplyCommandOptions>();
      if (options.filename === undefined || self.args.length > 0)
        throw usageError(`say what to apply: -f ${self.args.join(' ') || 'FILE'}`);
      return apply(options, io);
    });
}

async function apply(options: ApplyCommandOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, FORMATS);
  const contents = await readApplied(options, io);
  reportProblems(contents.problems, io);
  const items = applicables(contents, options.namespace);
  if (items.length === 0) throw new Failure('there is nothing left to apply');
  // Where it stands is known here alone.
  const told = contents.problems.map(({ position: _, ...problem }) => formatProblem(problem));
  const { client, state } = connect(options, io, told);
  const checked = await checkAgainstMesh(client, items);
  reportProblems(
    checked.map((problem) => placed(problem, items, contents)),
    io,
  );

  const suffix = options.dryRun ? ' (dry run)' : '';
  await applyAll(
    client,
    items.map(({ item }) => item),
    {
      dryRun: options.dryRun === true,
      onOutcome: ({ item, verb }) => {
        if (format === undefined) print(io, `${displayName(item.kind, item.name)} ${verb}${suffix}`);
        if (format === 'name') print(io, displayName(item.kind, item.name));
      },
    },
  );
  if (!options.dryRun)
    recordSources(
      state.sources,
      items.map(({ item, document }) => ({ ...item, file: contents.documents[document]?.file })),
    );
  if (format === 'yaml' || format === 'json') {
    const written = options.dryRun
      ? items.map(({ item }) => item.resource)
      : await Promise.all(items.map(({ item }) => client.get(item.kind, item.namespace, item.name)));
    print(io, renderResources(written, format, written.length === 1));
  }
}

/** What `-f` names, without what `--skip-unknown-kinds` leaves out. */
export async function readApplied(options: ApplyCommandOptions, io: Io): Promise<FileContents> {
  const contents = await readResourceFiles(options.filename ?? [], io);
  return options.skipUnknownKinds ? withoutForeign(contents) : contents;
}

/** A resource to apply, and which document of the files it is. */
export interface PlacedItem {
  readonly item: Applicable;
  readonly document: number;
}

/** @throws Failure (usage) when `-n` contradicts a resource */
export function applicables(contents: FileContents, namespace: string | undefined): PlacedItem[] {
  return contents.documents.flatMap(({ document: { resource, kind }, file }, at) => {
    if (resource === undefined || kind === undefined) return [];
    refuseOther(resource, kind, namespace);
    const item = makeApplicable(resource, kind, {
      ...(file === undefined ? {} : { file }),
      defaultNamespace: namespace ?? 'default',
    });
    return [{ item, document: at }];
  });
}

/** Prints all problems; @throws Failure when one of them is an error */
export function reportProblems(problems: readonly Problem[], io: Io): void {
  for (const problem of problems) {
    note(io, problem.severity === 'error' ? formatProblem(problem) : `warning: ${formatProblem(problem)}`);
  }
  const errors = problems.filter(({ severity }) => severity === 'error');
  const count = `${errors.length} error${errors.length === 1 ? '' : 's'}`;
  if (errors.length > 0)
    throw new Failure(`${count}; nothing was changed${foreignHint(errors)}`, EXIT.failed);
}

/** A problem found without the file gets its line and column from the document that it is about. */
function placed(
  { problem, item }: { readonly problem: Problem; readonly item: number },
  items: readonly PlacedItem[],
  contents: FileContents,
): Problem {
  const at = items[item]?.document;
  const document = at === undefined ? undefined : contents.documents[at]?.document;
  if (problem.position !== undefined || document === undefined) return problem;
  return { ...problem, position: document.locate(parsePath(problem.path)) };
}

/** `spec.http[0].route` ⇒ its steps. */
function parsePath(path: string): (string | number)[] {
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}
