import type { Command } from 'commander';
import { connect } from '../api/connect.ts';
import { readMeshStatus } from '../api/mesh-status.ts';
import { type Io, print, widthOf } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { renderDocument } from '../output/documents.ts';
import { renderMeshStatus } from '../output/mesh-status.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';

interface StatusOptions {
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .option('-o, --output <format>', 'json, yaml')
    .addHelpText('after', example('tulle status', 'tulle status -o json'))
    .action((_: unknown, self: Command) => status(self.optsWithGlobals<StatusOptions>(), io));
}

async function status(options: StatusOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  const mesh = await readMeshStatus(connect(options, io));
  print(
    io,
    format === undefined
      ? renderMeshStatus(mesh, io.now(), palette(wantsColor(io.stdout, io.env)), widthOf(io))
      : renderDocument(mesh, format),
  );
}
