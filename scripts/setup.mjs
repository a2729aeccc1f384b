/**
 * Makes a clone ready to run: dependencies with the pinned runtime, generated wire types. Plain JavaScript,
 * so that any Node from 20 on can run it. Does nothing, quickly, when all is there.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const generatedFrom = [
  'packages/xds/generate.ts',
  'packages/xds/proto-roots.ts',
  'packages/xds/proxy-messages.ts',
];

/** The pinned Node where its package is installed, else this one. */
export function runtime() {
  const pinned = join(bin, 'node');
  return existsSync(pinned) ? pinned : process.execPath;
}

const digest = (paths) => {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(existsSync(join(root, path)) ? readFileSync(join(root, path)) : '');
  return hash.digest('hex');
};

/** Runs `step` unless the stamp beside node_modules says that its inputs are unchanged. */
function once(name, inputs, step) {
  const folder = join(root, 'node_modules', '.cache', 'tulle');
  const stamp = join(folder, name);
  const now = digest(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return;
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
  once('installed', ['package-lock.json'], () => {
    process.stderr.write('tulle: installing dependencies…\n');
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
  requireRuntime();
  once('generated', ['package-lock.json', ...generatedFrom], () => {
    process.stderr.write('tulle: generating wire types…\n');
    run(runtime(), ['packages/xds/generate.ts']);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp();
