import { closeSync, existsSync, openSync, readdirSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { chooseMesh } from '../api/choose-mesh.ts';
import { Failure, usageError } from '../failure.ts';
import { type Io, print } from '../io.ts';
import { palette, wantsColor } from '../output/color.ts';
import { lastLines } from '../up/process/log-file.ts';
import { example } from './options/examples.ts';
import { addMeshOptions } from './options/mesh.ts';

interface LogsOptions {
  readonly proxy?: boolean;
  readonly follow?: boolean;
  readonly tail: string;
  readonly namespace?: string;
  readonly mesh?: string;
  readonly state?: string;
}

export function define(command: Command, io: Io): void {
  addMeshOptions(command)
    .argument('<workload>', 'a workload, one of its instances, ingressgateway or control-plane')
    .option('--proxy', "the proxy's log with its access log, instead of the application's")
    .option('-f, --follow', 'go on with what is written')
    .option('--tail <lines>', 'how many of the last lines to begin with, or "all"', '100')
    .option('-n, --namespace <name>', 'namespace, where several have such a workload')
    .addHelpText(
      'after',
      example(
        'tulle logs reviews-v1',
        'tulle logs productpage-v1 --proxy -f',
        'tulle logs ingressgateway --tail all',
        'tulle logs control-plane -f',
      ),
    )
    .action((workload: string, _: unknown, self: Command) =>
      logs(workload, self.optsWithGlobals<LogsOptions>(), io),
    );
}

async function logs(workload: string, options: LogsOptions, io: Io): Promise<void> {
  const lines = options.tail === 'all' ? Number.POSITIVE_INFINITY : Number(options.tail);
  if (Number.isNaN(lines) || lines < 0)
    throw usageError(`--tail must be a number or "all", not "${options.tail}"`);
  const { state } = chooseMesh(options, io);
  const files = logFilesAnywhere(state.logs, workload, options);
  if (files.length === 0) throw new Failure(describeMissing(state.logs, workload, options));
  const { cyan } = palette(wantsColor(io.stdout, io.env));
  const prefixOf = (file: string): string =>
    files.length === 1 ? '' : `${cyan(basename(file).replace(/(\.proxy)?\.log$/, ''))} `;
  for (const file of files) for (const line of lastLines(file, lines)) print(io, prefixOf(file) + line);
  if (!options.follow) return;
  await Promise.all(
    files.map((file) => follow(file, io.interrupted, (line) => print(io, prefixOf(file) + line))),
  );
}

/** Where no namespace is said: those of `default`, else those of the only namespace that has some. */
function logFilesAnywhere(folder: string, workload: string, options: LogsOptions): string[] {
  const files = logFiles(folder, workload, options);
  if (files.length > 0 || options.namespace !== undefined || !existsSync(folder)) return files;
  const others = new Set(
    readdirSync(folder).flatMap((name) => {
      const dot = name.indexOf('.');
      return name.startsWith(workload, dot + 1) ? [name.slice(0, dot)] : [];
    }),
  );
  const found = [...others].flatMap((namespace) => {
    const some = logFiles(folder, workload, { ...options, namespace });
    return some.length === 0 ? [] : [{ namespace, some }];
  });
  if (found.length > 1)
    throw new Failure(
      `several namespaces have ${workload}; say which: ${found.map(({ namespace }) => `-n ${namespace}`).join(', ')}`,
    );
  return found[0]?.some ?? [];
}

/** Of all instances of a workload, or of the one that is named. Gateways have a proxy's log alone. */
function logFiles(
  folder: string,
  workload: string,
  { proxy, namespace }: Pick<LogsOptions, 'proxy' | 'namespace'>,
): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).sort();
  if (workload === 'control-plane')
    return names.filter((name) => name === 'control-plane.log').map((name) => join(folder, name));
  const base = (namespace ?? 'default') === 'default' ? workload : `${namespace}.${workload}`;
  const isOfIt = (name: string, suffix: string): boolean => {
    const instance = name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
    return (
      instance !== undefined &&
      (instance === base ||
        (instance.startsWith(`${base}-`) && /^\d+$/.test(instance.slice(base.length + 1))))
    );
  };
  const proxies = names.filter((name) => isOfIt(name, '.proxy.log'));
  const apps = names.filter((name) => !name.endsWith('.proxy.log') && isOfIt(name, '.log'));
  return (proxy || apps.length === 0 ? proxies : apps).map((name) => join(folder, name));
}

/** Calls for each whole line that is appended, until aborted; a truncated file is read again from its start. */
async function follow(path: string, signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
  let at = statSync(path).size;
  let rest = '';
  const read = (): void => {
    if (!existsSync(path)) return;
    const { size } = statSync(path);
    if (size < at) at = 0;
    if (size === at) return;
    const fd = openSync(path, 'r');
    const bytes = Buffer.alloc(size - at);
    const length = readSync(fd, bytes, 0, bytes.length, at);
    closeSync(fd);
    at += length;
    const lines = (rest + bytes.toString('utf8', 0, length)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
  await new Promise<void>((resolve) => {
    const watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) read();
    });
    signal.addEventListener('abort', () => {
      watcher.close();
      resolve();
    });
    read();
  });
}

function describeMissing(folder: string, workload: string, { proxy, namespace }: LogsOptions): string {
  const what = `no ${proxy ? 'proxy ' : ''}log of ${workload}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
  const known = existsSync(folder) ? readdirSync(folder).filter((name) => /\.log$/.test(name)) : [];
  const names = [...new Set(known.map((name) => name.replace(/(\.proxy)?\.log$/, '')))].sort();
  return names.length === 0 ? what : `${what}. There are logs of: ${names.join(', ')}`;
}
