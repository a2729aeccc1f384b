#!/usr/bin/env node
// Entry of `tulle`. Plain JavaScript that also Node 20 can start: it finds a Node that can run the rest
// (the pinned one beside us, or this one if it is new enough) and hands over.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Type stripping without a flag and node:sqlite without a flag. */
const OLDEST_MAJOR = 24;
const PINNED_MAJOR = 26;

const major = Number(process.versions.node.split('.')[0]);
const pinned = pinnedNode();

if (major < PINNED_MAJOR && pinned !== undefined && pinned !== process.execPath) handOver(pinned);
else if (major < OLDEST_MAJOR) {
  process.stderr.write(
    `tulle needs Node ${OLDEST_MAJOR} or newer and runs on ${process.version} (${process.execPath}).\n` +
      `No pinned Node is installed for ${process.platform}-${process.arch}: run "npm install" without --omit=optional, ` +
      'or install a newer Node from https://nodejs.org.\n',
  );
  process.exitCode = 1;
} else await start();

/** The Node that package-lock.json pins for this platform, if it is installed. */
function pinnedNode() {
  const require = createRequire(import.meta.url);
  try {
    const file = join(
      require.resolve(`node-${process.platform}-${process.arch}/package.json`),
      '../bin/node',
    );
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Runs this file again with another Node and becomes its shadow: signals go down, the exit code comes up.
 * The pipe on descriptor 3 tells the child if we are killed without notice.
 */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, TULLE_PARENT_FD: '3' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    process.stderr.write(`tulle: can't start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])
      process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

async function start() {
  if (process.env.NODE_COMPILE_CACHE === undefined) {
    const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
    module.enableCompileCache?.(join(cache, 'tulle', 'compile'));
  }
  const source = new URL('../main.ts', import.meta.url);
  const built = new URL('../main.js', import.meta.url);
  const { main } = await import((existsSync(source) ? source : built).href);
  await main(process);
}
