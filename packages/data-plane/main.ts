/**
 * The proxy as a program: `main.ts --bootstrap FILE`. Everything that is of the process is here. Under a parent (an
 * IPC channel) also `--worker GENERATION.SLOT --workers COUNT`, and `--succeeds` when another generation serves.
 */
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bootstrap } from './bootstrap.ts';
import type { ParentLink } from './workers/parent-link.ts';
import type { ToWorker } from './workers/protocol.ts';

const { values } = parseArgs({
  options: {
    bootstrap: { type: 'string' },
    worker: { type: 'string', default: '0.0' },
    workers: { type: 'string', default: '1' },
    succeeds: { type: 'boolean', default: false },
  },
});
if (values.bootstrap === undefined) {
  process.stderr.write('usage: main.ts --bootstrap FILE\n');
  process.exit(2);
}

// A log that can't be written (a full disk) must not end the proxy.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** One line per event, for `logs/<instance>.proxy.log`. */
function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`);
}

const bootstrap = JSON.parse(readFileSync(values.bootstrap, 'utf8')) as Bootstrap;
// NODE_COMPILE_CACHE, where it is set, says where: the mesh shares one.
enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(bootstrap.stateDir, 'compile-cache'));

// Loaded after the cache is on: most of the start is loading.
const { startProxy } = await import('./proxy.ts');
const { connectionsFor, descriptorLimit } = await import('./overload/descriptor-limit.ts');
const { readHeap } = await import('./overload/heap-pressure.ts');

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
    capacity: {
      maxConnections: Math.min(
        bootstrap.maxConnections ?? Number.POSITIVE_INFINITY,
        connectionsFor(descriptorLimit() ?? Number.POSITIVE_INFINITY),
      ),
      readHeap: () => readHeap(bootstrap.maxHeapBytes),
    },
    onQuit: () => leave('/quitquitquit'),
    ...(process.send === undefined ? {} : { parent: await linkToParent(), onRetired: () => process.exit(0) }),
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
  (await import('./give-back.ts')).giveBackWhenResting();
} catch (error) {
  log(`not started: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
  process.exit();
}

async function linkToParent(): Promise<ParentLink> {
  const { ParentLink } = await import('./workers/parent-link.ts');
  const { isWorkerId } = await import('./workers/protocol.ts');
  return new ParentLink({
    id: isWorkerId(values.worker) ? values.worker : '0.0',
    shared: Number(values.workers) > 1,
    succeeds: values.succeeds,
    channel: {
      // A parent that is gone is the lifeline's matter.
      send: (message) => process.send?.(message, undefined, undefined, () => {}),
      onMessage: (listener) => {
        process.on('message', (message, handle) => listener(message as ToWorker, handle));
      },
    },
  });
}

/** Calls once when the other end of the pipe has closed. */
function watchLifeline(fd: number, onGone: () => void): void {
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('error', () => {});
  pipe.once('close', onGone);
  pipe.resume();
}
