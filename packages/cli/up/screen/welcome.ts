import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Palette } from '../../output/color.ts';
import type { MeshFile } from '../state/mesh-file.ts';

export interface WelcomeInput {
  readonly file: MeshFile;
  readonly urls: { readonly http?: string; readonly https?: string };
  readonly api: string | undefined;
  readonly cwd: string;
  /** `tulle`, or `npx tulle` where that is how to call it. */
  readonly command: string;
  readonly seconds: number;
  /** Of the terminal, in columns; undefined where there is none. */
  readonly columns: number | undefined;
}

/** What a ready mesh says of itself: where it is, and five things to try. */
export function renderWelcome(input: WelcomeInput, palette: Palette): string {
  const { file, urls, api, seconds, columns = Number.POSITIVE_INFINITY } = input;
  const tries = suggestions(input);
  const width = Math.max(...tries.map(([text]) => text.length)) + 2;
  const widest = Math.max(...tries.map(([, why]) => 2 + width + why.length));
  const lines = [
    `${palette.green('ready')} in ${seconds.toFixed(1)} s`,
    ...entryPaths(file).map((path) => `  ${palette.bold(palette.cyan(`${urls.http}${path}`))}`),
    `  API ${api}`,
    '',
    'Try next, in another terminal:',
    // Where reasons would wrap, the commands alone.
    ...tries.map(([text, why]) =>
      widest > columns ? `  ${text}` : `  ${text.padEnd(width)}${palette.dim(why)}`,
    ),
  ];
  return lines.join('\n');
}

/** Exact paths that the file routes through a gateway, the first few; `/` when there are none. */
function entryPaths(file: MeshFile): string[] {
  const paths = file.items.flatMap(({ kind, resource }) => {
    const spec = resource.spec as VirtualServiceShape | undefined;
    if (kind.kind !== 'VirtualService' || !spec?.gateways?.some((name) => name !== 'mesh')) return [];
    return (spec.http ?? []).flatMap(({ match = [] }) => match.flatMap(({ uri }) => uri?.exact ?? []));
  });
  const pages = paths.filter((path) => path !== '/' && !/log(in|out)$/.test(path));
  return pages.length === 0 ? ['/'] : pages.slice(0, 3);
}

interface VirtualServiceShape {
  readonly gateways?: readonly string[];
  readonly http?: readonly { readonly match?: readonly { readonly uri?: { readonly exact?: string } }[] }[];
}

function suggestions({ file, cwd, command }: WelcomeInput): [string, string][] {
  const workload = file.items.find(({ kind }) => kind.kind === 'Workload')?.name;
  const called = callOf(file);
  const example = exampleBeside(file.path);
  return [
    [`${command} status`, 'who runs, whose certificate, which pid'],
    example === undefined
      ? [`${command} get all`, 'what the mesh holds']
      : [`${command} apply -f ${relative(cwd, example) || example}`, 'change the routing, lose no request'],
    [`${command} get virtualservices -o wide`, 'applied on every proxy that uses it?'],
    called === undefined
      ? [`${command} proxy-status`, 'what each proxy has acknowledged']
      : [`${command} explain http://${called.upstream}/ --from ${called.by}`, 'where it goes, and why'],
    workload === undefined
      ? [`${command} validate FILE`, 'every error with line and column']
      : [`${command} logs ${workload} --proxy -f`, 'its access log'],
  ];
}

/** A call that the mesh file declares: the first upstream of the first workload that has any. */
function callOf({ items }: MeshFile): { readonly by: string; readonly upstream: string } | undefined {
  for (const { kind, name, resource } of items) {
    const upstream = (resource.spec as WorkloadSpec | undefined)?.upstreams?.[0];
    if (kind.kind === 'Workload' && upstream !== undefined) return { by: name, upstream };
  }
  return undefined;
}

interface WorkloadSpec {
  readonly upstreams?: readonly string[];
}

/** A file of resources in a folder beside the mesh file: something to apply. */
function exampleBeside(meshFile: string): string | undefined {
  const directory = dirname(meshFile);
  for (const entry of existsSync(directory) ? readdirSync(directory, { withFileTypes: true }) : []) {
    if (!entry.isDirectory() || entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const yaml = readdirSync(join(directory, entry.name))
      .sort()
      .find((name) => /\.ya?ml$/.test(name));
    if (yaml !== undefined) return join(directory, entry.name, yaml);
  }
  return undefined;
}
