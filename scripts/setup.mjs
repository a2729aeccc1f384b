/**
 * Makes a clone ready to run: dependencies with the pinned runtime, generated wire types. Plain JavaScript,
 * so that any Node from 20 on can run it. Does nothing, quickly, when all is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
/** What is generated: by which program, from which sources, into which folder. */
const generators = [
  {
    name: 'wire types',
    program: 'packages/xds/generate.ts',
    sources: 'packages/xds',
    target: 'packages/xds/gen',
  },
  {
    name: 'reference',
    program: 'packages/resources/generate.ts',
    sources: 'packages/resources',
    target: 'docs/reference',
  },
  {
    name: 'analysis reference',
    program: 'packages/control-plane/analyze/generate.ts',
    sources: 'packages/control-plane/analyze',
    target: 'docs/reference/analysis.md',
  },
  { name: 'bundles', program: 'scripts/bundle.ts', sources: 'packages', target: 'dist/bundles' },
];

/** The pinned Node where its package is installed, else this one. */
export function runtime() {
  const pinned = join(bin, 'node');
  return existsSync(pinned) ? pinned : process.execPath;
}

const digest = (paths) => {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(join(root, path)));
  return hash.digest('hex');
};

/** The sources of a folder, in a stable order. */
const sourcesIn = (folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => /\.(ts|proto)$/.test(path) && !/\.test\.ts$|\/gen\//.test(path))
    .sort();

/** Runs `step` unless its result is there and the stamp beside node_modules says that its inputs are unchanged. */
function once(name, inputs, target, step) {
  const folder = join(root, 'node_modules', '.cache', 'tulle');
  const stamp = join(folder, name.replaceAll(' ', '-'));
  const now = digest(inputs);
  if (existsSync(join(root, target)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
  step();
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, now);
}

function run(command, args) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };
  // Set-up talks on stderr: stdout belongs to the command that it prepares.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env });
  if (error !== undefined || status !== 0) {
    const reason = error === undefined ? `exit code ${status}` : error.message;
    process.stderr.write(`tulle: set-up failed at \`${command} ${args.join(' ')}\`: ${reason}\n`);
    process.exit(1);
  }
}

function requireModernNode() {
  const [major] = process.versions.node.split('.');
  if (Number(major) >= 20) return;
  process.stderr.write(`tulle: Node ${process.versions.node} is too old; install Node 20 or newer\n`);
  process.exit(1);
}

/** Without the pinned runtime (another platform), the machine's own must do. */
function requireRuntime() {
  const node = runtime();
  if (node !== process.execPath || Number(process.versions.node.split('.')[0]) >= 24) return;
  process.stderr.write(
    `tulle: no pinned Node for ${process.platform}-${process.arch}; install Node 24 or newer (this is ${process.versions.node})\n`,
  );
  process.exit(1);
}

export function setUp() {
  requireModernNode();
  once('dependencies', ['package-lock.json'], 'node_modules', () => {
    process.stderr.write('tulle: installing dependencies…\n');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
  requireRuntime();
  for (const { name, program, sources, target } of generators) {
    once(name, ['package-lock.json', ...sourcesIn(sources)], target, () => {
      process.stderr.write(`tulle: generating ${name}…\n`);
      run(runtime(), [program]);
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
