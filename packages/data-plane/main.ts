/** The proxy as a program: `main.ts --bootstrap FILE`. Everything that is of the process is here. */
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bootstrap } from './bootstrap.ts';

const { values } = parseArgs({ options: { bootstrap: { type: 'string' } } });
if (values.bootstrap === undefined) {
  process.stderr.write('usage: main.ts --bootstrap FILE\n');
  process.exit(2);
}

/** One line per event, for `logs/<instance>.proxy.log`. */
function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}

const bootstrap = JSON.parse(readFileSync(values.bootstrap, 'utf8')) as Bootstrap;
// NODE_COMPILE_CACHE, where it is set, says where: the mesh shares one.
enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(bootstrap.stateDir, 'compile-cache'));

// Loaded after the cache is on: most of the start is loading.
const { startProxy } = await import('./proxy.ts');

const stopped = new AbortController();
let leave: (why: string) => void = (why) => {
  // Not started yet: nothing to drain.
  log(`stopping: ${why}`);
  stopped.abort(new Error(why));
  process.exit(0);
};
process.on('SIGTERM', () => leave('SIGTERM'));
process.on('SIGINT', () => leave('SIGINT'));
if (bootstrap.lifelineFd !== undefined)
  watchLifeline(bootstrap.lifelineFd, () => leave('the supervisor is gone'));

try {
  const proxy = await startProxy({
    bootstrap,
    log,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopped.signal,
    onQuit: () => leave('/quitquitquit'),
  });
  leave = (why) => {
    leave = () => {};
    log(`draining: ${why}`);
    // What does not end by itself must not outlive its mesh.
    setTimeout(() => process.exit(1), bootstrap.drainSeconds * 1000 + 2_000).unref();
    proxy.drain().then(
      () => process.exit(0),
      (error: unknown) => {
        log(`draining failed: ${error instanceof Error ? error.stack : String(error)}`);
        process.exit(1);
      },
    );
  };
  await proxy.ready;
  log(`ready after ${Math.round(performance.now())} ms`);
} catch (error) {
  log(`not started: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
  process.exit();
}

/** Calls once when the other end of the pipe has closed. */
function watchLifeline(fd: number, onGone: () => void): void {
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('error', () => {});
  pipe.once('close', onGone);
  pipe.resume();
}
