import { type Level, levels } from '@tulle/control-plane/analyze/message';
import type { Origin } from '@tulle/xds/resource';
import type { Command } from 'commander';
import { toJson } from '../analyze/located.ts';
import { renderAnalysis } from '../analyze/render.ts';
import { type Analysis, analyzeFiles, analyzeMesh } from '../analyze/sources.ts';
import { connect } from '../api/connect.ts';
import { Failure, usageError } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { renderDocument } from '../output/documents.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';
import { outputFormat } from './options/output.ts';
import { repeatable } from './options/repeatable.ts';

interface AnalyzeOptions {
  readonly namespace?: string;
  readonly live?: boolean;
  readonly failureThreshold: string;
  readonly outputThreshold: string;
  readonly suppress?: readonly string[];
  readonly output?: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('[files...]', 'files, folders, or - for standard input; the running mesh without')
    .option('-n, --namespace <name>', 'say what is of this namespace; files that name none are of it')
    .option('--live', 'look at the running mesh as it would be with the files applied')
    .option('--failure-threshold <level>', 'exit with 1 for findings as bad as this', 'Error')
    .option('--output-threshold <level>', 'leave out what is milder', 'Info')
    .option('-S, --suppress <code>', 'leave out a code; again for more', repeatable)
    .option('-o, --output <format>', 'json, yaml')
    .addHelpText(
      'after',
      example(
        'tulle analyze',
        'tulle analyze -n bluegreen',
        'tulle analyze mesh.yaml routes/',
        'tulle analyze --live canary.yaml',
        'tulle analyze mesh.yaml --failure-threshold Warning -S IST0118',
      ),
    )
    .action((files: string[], _: unknown, self: Command) =>
      analyze(files, self.optsWithGlobals<AnalyzeOptions>(), io),
    );
}

/** Findings go to stdout: they are what was asked for. */
async function analyze(files: readonly string[], options: AnalyzeOptions, io: Io): Promise<void> {
  const format = outputFormat(options.output, ['json', 'yaml']);
  const shown = levelOf(options.outputThreshold, '--output-threshold');
  const failing = levelOf(options.failureThreshold, '--failure-threshold');
  const { resources, findings } = await analysisOf(files, options, io);
  const all = findings.filter(({ finding }) => isAbout(finding.origin, options.namespace));
  const suppressed = new Set(options.suppress?.flatMap((codes) => codes.toUpperCase().split(',')));
  const kept = all.filter(({ finding: { message } }) => !suppressed.has(message.code));
  const asBadAs = (limit: Level) =>
    kept.filter(({ finding }) => levels.indexOf(finding.message.level) <= levels.indexOf(limit));
  const visible = asBadAs(shown);
  if (format !== undefined) print(io, renderDocument({ resources, findings: visible.map(toJson) }, format));
  else {
    const paint = palette(wantsColor(io.stdout, io.env));
    print(io, renderAnalysis({ resources, findings: visible }, paint, io.stdout.columns));
  }
  if (asBadAs(failing).length > 0) throw new Failure('');
}

function analysisOf(files: readonly string[], options: AnalyzeOptions, io: Io): Promise<Analysis> {
  if (files.length === 0) return analyzeMesh(connect(options, io), io);
  const isLive = options.live === true || options.mesh !== undefined || options.state !== undefined;
  return analyzeFiles(files, io, {
    ...(isLive && { client: connect(options, io).client }),
    ...(options.namespace !== undefined && { namespace: options.namespace }),
  });
}

/** What is of no namespace (a Mesh, a Namespace) is about all of them. */
const isAbout = (origin: Origin, namespace: string | undefined): boolean =>
  namespace === undefined || origin.namespace === '' || origin.namespace === namespace;

function levelOf(written: string, option: string): Level {
  const level = levels.find((one) => one.toLowerCase() === written.toLowerCase());
  if (level === undefined)
    throw usageError(`${option} must be one of ${levels.join(', ')}, not "${written}"`);
  return level;
}
