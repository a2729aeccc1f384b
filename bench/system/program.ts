import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A program that runs until it is stopped. */
export interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly core: number;
  readonly stdin?: 'ignore' | 'pipe';
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** None outlives the benchmark, however it ends. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program on a core of its own. Its stderr is shown when it ends by itself. */
export function startProgram(command: string, args: readonly string[], options: ProgramOptions): Program {
  const child = spawn('taskset', ['-c', String(options.core), command, ...args], {
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  running.add(child);
  let stopping = false;
  let last = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-4_000);
  });
  child.on('error', (error) => process.stderr.write(`${command}: ${error.message}\n`));
  child.on('exit', (code, signal) => {
    running.delete(child);
    if (!stopping && code !== 0) process.stderr.write(`${command} ended (${signal ?? code}):\n${last}\n`);
  });
  return {
    // taskset becomes the program: the pid is the same.
    pid: child.pid ?? 0,
    child,
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** What a program prints when it runs to its end on a core. @throws Error with its stderr if it fails */
export async function runProgram(command: string, args: readonly string[], core: number): Promise<string> {
  const child = spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let problems = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problems += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${problems.trim() || `exit code ${code}`}`);
  return out;
}

/** Resolves when something listens on a loopback port. */
export async function listening(port: number, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    if (performance.now() > end) throw new Error(`nothing listens on port ${port}`);
    await pause(50);
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
