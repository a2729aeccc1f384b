import { Command, CommanderError } from 'commander';
import { explainApiFailure } from './api/connect.ts';
import { commands } from './commands/index.ts';
import { EXIT, Failure, messageOf } from './failure.ts';
import { type Io, note } from './io.ts';
import { watchLifeline } from './lifeline.ts';
import { palette, wantsColor } from './output/color.ts';
import { VERSION } from './version.ts';

/** The program `tulle`: runs one command and ends the process with its exit code. */
export async function main(process: NodeJS.Process): Promise<void> {
  const io = processIo(process);
  // `tulle get … | head`: the reader has seen enough.
  process.stdout.on('error', () => process.exit(EXIT.ok));
  const code = await runCli(process.argv.slice(2), io);
  process.stdout.write('', () => process.exit(code));
}

/** Runs one command. @returns its exit code: 0 done, 1 failed, 2 wrong usage, or that of `tulle run`'s command */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  try {
    const program = await buildProgram(argv, io);
    if (argv.length === 0) {
      program.outputHelp();
      return EXIT.ok;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error, io);
  }
}

async function buildProgram(argv: readonly string[], io: Io): Promise<Command> {
  const program = new Command('tulle')
    .description('A service mesh of ordinary processes: encrypted, observed, routed.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(
      new Command('help').argument('[command]').description('print help for a command').helpGroup('Other:'),
    )
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stdout.columns ?? 80,
      getOutHasColors: () => wantsColor(io.stdout, io.env),
      getErrHasColors: () => false,
    })
    .addHelpText(
      'after',
      [
        '\nExit codes: 0 done; 1 failed, or analyze has found errors; 2 wrong usage; run ends with',
        'its command’s. See "tulle <command> --help" for its options and examples.',
      ].join('\n'),
    );
  // Only the command that is used is loaded: a short command must start at once.
  const used = new Set(argv.filter((word) => commands.some(({ name }) => name === word)));
  for (const { name, summary, group, load } of commands) {
    const command = program.command(name).description(summary).helpGroup(`${group}:`);
    if (used.has(name)) (await load()).define(command, io);
    else command.allowUnknownOption();
  }
  return program;
}

function report(error: unknown, io: Io): number {
  // Commander has printed its message already; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { red } = palette(wantsColor(io.stderr, io.env));
  if (error instanceof Failure) {
    if (error.message !== '') note(io, `${red('error:')} ${error.message}`);
    return error.exitCode;
  }
  const explained = explainApiFailure(error);
  note(io, `${red('error:')} ${explained ?? messageOf(error)}`);
  if (explained === undefined && error instanceof Error && io.env.TULLE_DEBUG) note(io, error.stack ?? '');
  return EXIT.failed;
}

function processIo(process: NodeJS.Process): Io {
  let interrupted: AbortSignal | undefined;
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    /** Handlers are installed by the first who asks: other commands simply end by the signal. */
    get interrupted() {
      interrupted ??= listenForInterrupts(process);
      return interrupted;
    },
  };
}

/**
 * Aborted by the first signal that asks to stop. A terminal's Ctrl-C arrives once from the terminal and again
 * from npm and from the launcher: what follows the first is ignored, since stopping is bounded anyway.
 */
function listenForInterrupts(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort(signal));
  }
  // The launcher (bin/tulle.mjs) holds the other end: it closes when the launcher is killed -9.
  const fd = Number(process.env.TULLE_PARENT_FD);
  if (Number.isInteger(fd) && fd > 2) {
    watchLifeline(fd, () => controller.abort('the launcher ended'));
  }
  return controller.signal;
}
