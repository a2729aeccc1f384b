/**
 * The direction of dependencies between rooms (design.md, Layout), and the modules that a room must not
 * load. A file's rules are those of every room that contains it; and no files need each other's values in a circle (types
 * may: they are gone when the program runs). Reads import statements only.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { circles } from './circles.ts';

interface Rule {
  /** Path prefix of the importing files. */
  readonly from: string;
  /** Only these rooms and packages may be imported (own room and node: always); undefined: any. */
  readonly only?: readonly RegExp[];
  readonly never?: readonly RegExp[];
  readonly why: string;
}

const wireTypes = /^packages\/xds\/(gen\/|resource|node)/;

const rules: readonly Rule[] = [
  {
    from: 'packages/resources/',
    only: [/^zod$/, /^yaml$/],
    why: 'resources depends on nothing: it runs in CLI, control plane and browser',
  },
  {
    from: 'packages/decision/',
    only: [wireTypes, /^re2js$/],
    never: [/^node:/],
    why: 'decision is pure: it runs in the proxy, the CLI, the control plane and the browser',
  },
  {
    from: 'packages/xds/',
    only: [/^@bufbuild\/protobuf/, /^@grpc\/grpc-js$/, /^\.{0,2}gen\//],
    why: 'the wire knows neither plane',
  },
  {
    from: 'packages/xds/client/',
    never: [/^@bufbuild\//, /^@grpc\//, /^packages\/xds\/gen\/.*_pb/, /^packages\/xds\/server\//],
    why: 'the client runs in every proxy: no protobuf runtime, no grpc-js',
  },
  {
    from: 'packages/data-plane/',
    never: [
      /^node:(http|https|http2|cluster)$/,
      /^(zod|yaml|undici|fastify)$/,
      /^@(bufbuild|grpc|peculiar)\//,
      /^packages\/(resources|control-plane|cli|management-plane)\//,
      /^packages\/xds\/(gen\/.*_pb|server\/)/,
    ],
    why: 'data plane and control plane never meet, and a proxy stays small',
  },
  {
    from: 'packages/control-plane/',
    never: [/^packages\/(data-plane|cli|management-plane)\//],
    why: 'data plane and control plane never import each other',
  },
  {
    from: 'packages/control-plane/model/',
    only: [/^packages\/resources\//, wireTypes],
    never: [/^node:(?!crypto$)/],
    why: 'the model is pure',
  },
  {
    from: 'packages/control-plane/compile/',
    only: [
      /^packages\/resources\//,
      wireTypes,
      /^packages\/control-plane\/model\//,
      // What a connection's addresses are held against is told in one way.
      /^packages\/decision\/address-range$/,
      // Regular expressions of users are run where they can take no time to speak of.
      /^packages\/decision\/regex$/,
      // What our own proxy has a value for.
      /^packages\/decision\/substitution$/,
      /^@bufbuild\/protobuf/,
    ],
    never: [/^node:(?!crypto$)/],
    why: 'compile is pure',
  },
  {
    from: 'packages/control-plane/analyze/',
    only: [
      /^packages\/resources\//,
      wireTypes,
      /^packages\/control-plane\/model\//,
      // Which network something is in is told in one way.
      /^packages\/control-plane\/compile\/endpoints\/network-of\.ts$/,
      // What Envoy's messages take is told in one way.
      /^packages\/control-plane\/compile\/patches\/check-values\.ts$/,
      // What a rule matches is decided in one way.
      /^packages\/decision\//,
    ],
    never: [/^node:(?!crypto$)/],
    why: 'analysis is pure: it runs in the control plane and the CLI',
  },
];

const root = join(import.meta.dirname, '..');
const importPattern =
  /(?:^|[\s;}])(?:import|export)\s(?:[^'"]*?\sfrom\s)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Those of values: `import type`, and lists in which all are types, are left out. */
const valuePattern = /^(?:import|export)\s(?!type\s)([^'";]*?)\sfrom\s'([^']+)'/gm;
const isOfTypes = (names: string): boolean =>
  /^\{\s*type\s/.test(names) && !/[{,]\s*(?!type\s|\}|\s)/.test(names);

/** A specifier as a path from the repository's root where it is ours, else as it is. */
function target(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return normalize(join(dirname(file), specifier));
  const own = /^@tulle\/([^/]+)\/(.+)$/.exec(specifier);
  return own === null ? specifier : `packages/${own[1]}/${own[2]}`;
}

function breaks(rule: Rule, to: string): boolean {
  if (rule.never?.some((pattern) => pattern.test(to))) return true;
  if (rule.only === undefined || to.startsWith(rule.from) || to.startsWith('node:')) return false;
  return !rule.only.some((pattern) => pattern.test(to));
}

let count = 0;
const values = new Map<string, readonly string[]>();
const files = globSync('packages/**/*.ts', {
  cwd: root,
  exclude: ['**/node_modules/**', '**/gen/**', '**/dist/**'],
});
for (const file of files) {
  // Tests may use real peers and other rooms.
  if (/\.(test|conformance|fixture)\.ts$|\/testing\/|\/test-[a-z-]+\.ts$|generate\.ts$/.test(file)) continue;
  const source = readFileSync(join(root, file), 'utf8');
  values.set(
    file,
    [...source.matchAll(valuePattern)]
      .filter(([, names = '']) => !isOfTypes(names))
      .map(([, , specifier = '']) => target(file, specifier).replace(/(?<!\.ts)$/, '.ts')),
  );
  for (const match of source.matchAll(importPattern)) {
    const to = target(file, (match[1] ?? match[2]) as string);
    for (const rule of rules) {
      if (!file.startsWith(rule.from) || !breaks(rule, to)) continue;
      const line = source.slice(0, match.index).split('\n').length;
      process.stderr.write(`${relative('.', file)}:${line} imports ${to}: ${rule.why}\n`);
      count++;
    }
  }
}
for (const circle of circles(values)) {
  process.stderr.write(
    `${circle.join(' → ')} → ${circle[0]}: a circle; what they share belongs in a file of its own\n`,
  );
  count++;
}
process.stdout.write(`${files.length} files, ${count} imports against the rules\n`);
process.exit(count === 0 ? 0 : 1);
