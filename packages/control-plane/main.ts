/** The control plane as a program: `main.ts --config FILE`. */
import { enableCompileCache } from 'node:module';
import { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { readConfig } from './config.ts';

enableCompileCache();
// Old garbage may be half of what lives, not thrice: each change leaves behind what hundreds of proxies had.
setFlagsFromString('--heap-growing-percent=50');

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (values.config === undefined) {
  process.stderr.write('usage: main.ts --config FILE\n');
  process.exit(2);
}

// A log that can't be written (a full disk) must not end the control plane.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** One line per event, for `logs/control-plane.log`. */
function log(message: string, error?: unknown): void {
  const cause =
    error instanceof Error ? (error.stack ?? error.message) : error === undefined ? '' : String(error);
  process.stderr.write(`${new Date().toISOString()} ${message}${cause === '' ? '' : `: ${cause}`}\n`);
}

try {
  const config = readConfig(values.config);
  // Loaded after the cache is on: most of the start is loading.
  const { startControlPlane } = await import('./control-plane.ts');
  const { close, ...addresses } = await startControlPlane({ config, log });

  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    log(`stopping: ${why}`);
    // What does not end by itself must not hold up the mesh.
    setTimeout(() => process.exit(1), 3_000).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log('stopping failed', error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (config.lifelineFd !== undefined) watchLifeline(config.lifelineFd, () => stop('the supervisor is gone'));

  process.stdout.write(`${JSON.stringify({ ready: true, ...addresses })}\n`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  process.stdout.write(
    `${JSON.stringify({ ready: false, ...(code === undefined ? {} : { code }), message })}\n`,
  );
  log('not started', error);
  process.exitCode = 1;
}

/**
 * Calls once when the other end of the pipe has closed. A socket, not a file stream: that one's read would
 * block a thread, and with it the end of this process.
 */
function watchLifeline(fd: number, onGone: () => void): void {
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.resume();
  pipe.once('error', onGone);
  pipe.once('close', onGone);
}
