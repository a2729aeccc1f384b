import { crossCheckDocuments } from '@tulle/resources/cross-check';
import { formatProblem, type Problem } from '@tulle/resources/problem';
import type { Command } from 'commander';
import { skipForeignKinds, withoutForeign } from '../apply/foreign-kinds.ts';
import { readResourceFiles } from '../apply/read-files.ts';
import { Failure } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { renderDocument } from '../output/documents.ts';
import { example } from './options/examples.ts';
import { outputFormat } from './options/output.ts';

interface ValidateOptions {
  readonly skipUnknownKinds?: boolean;
  readonly output?: string;
}

export function define(command: Command, io: Io): void {
  command
    .argument('<files...>', 'files, folders, or - for standard input')
    .option(...skipForeignKinds)
    .option('-o, --output <format>', 'json')
    .addHelpText(
      'after',
      example(
        'tulle validate mesh.yaml',
        'tulle validate routes/ gateway.yaml',
        'tulle validate - < mesh.yaml',
      ),
    )
    .action((files: string[], options: ValidateOptions) => validate(files, options, io));
}

/** Problems go to stdout: they are what was asked for. */
async function validate(files: readonly string[], options: ValidateOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json']);
  const contents = await readResourceFiles(files, io);
  const { documents, problems } = options.skipUnknownKinds ? withoutForeign(contents) : contents;
  const all: Problem[] = [...problems, ...crossCheckDocuments(documents.map(({ document }) => document))];
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const warnings = all.length - errors;
  if (format === 'json')
    print(io, renderDocument({ valid: errors === 0, resources: documents.length, problems: all }, 'json'));
  else {
    for (const problem of all)
      print(io, problem.severity === 'error' ? formatProblem(problem) : `warning: ${formatProblem(problem)}`);
    const found = [
      count(documents.length, 'resource'),
      count(errors, 'error'),
      ...(warnings > 0 ? [count(warnings, 'warning')] : []),
    ];
    print(io, found.join(', '));
  }
  if (errors > 0) throw new Failure('');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
