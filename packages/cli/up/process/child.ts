import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { openLog } from './log-file.ts';
import { errorCode, identifyChild, type ProcessIdentity } from './process-identity.ts';
import type { WardenRole } from './warden.ts';

export interface ChildSpec {
  /** For messages and run.json: `reviews-v1-0`, `reviews-v1-0.proxy`, `control-plane`. */
  readonly name: string;
  readonly role: WardenRole;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Receives stdout and stderr; ours do when absent. */
  readonly logPath?: string;
  /** Gives the child a pipe on descriptor 3 that closes with us. */
  readonly lifeline: boolean;
  /** Gives it Node's IPC channel: messages both ways, and sockets. */
  readonly channel?: boolean;
  /** Among processes whose traffic is told apart: its group. */
  readonly group?: string;
  /** Keeps stdout for the supervisor (a ready line) and out of the log. */
  readonly readStdout?: boolean;
}

/** A child whose output is kept. */
export type LoggedChildSpec = ChildSpec & { readonly logPath: string };

/** How a child ended; `error` when it could not be started at all. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: string;
}

/** Told of every start and end, so that what runs is on record before anything else can go wrong. */
export interface ChildRegistry {
  /** Starts a process in its group, where there are groups. */
  readonly place?: <T>(group: string | undefined, start: () => T) => T;
  started(spec: ChildSpec, identity: ProcessIdentity): void;
  ended(spec: ChildSpec, identity: ProcessIdentity): void;
}

/** A running process that leads a session (and process group) of its own. */
export interface Child {
  readonly pid: number | undefined;
  readonly stdout: Readable | undefined;
  readonly exited: Promise<ChildExit>;
  readonly running: boolean;
  /** SIGTERM, and SIGKILL to its whole group when it still runs after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<ChildExit>;
  kill(signal: NodeJS.Signals): void;
  /** Over its channel. One that has none, or is gone, hears nothing. */
  send(message: object, handle?: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** Starts a process that is in `registry` before anything else happens with it. */
export function startChild(spec: ChildSpec, registry: ChildRegistry): Child {
  let log: number | undefined;
  const start = (): ChildProcess =>
    spawn(spec.command, [...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: [
        'ignore',
        spec.readStdout ? 'pipe' : (log ?? 'inherit'),
        log ?? 'inherit',
        ...(spec.lifeline ? (['pipe'] as const) : []),
        ...(spec.channel ? (['ipc'] as const) : []),
      ],
      serialization: 'advanced',
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    });
  let child: ChildProcess;
  try {
    if (spec.logPath !== undefined) log = openLog(spec.logPath);
    child = registry.place === undefined ? start() : registry.place(spec.group, start);
  } catch (error) {
    // Its log can't be opened (EMFILE); or spawn finds something wrong by itself (a bad uid, a NUL in an argument).
    return neverStarted(error instanceof Error ? error.message : String(error));
  } finally {
    if (log !== undefined) closeSync(log);
  }
  return supervise(child, spec, registry);
}

function supervise(child: ChildProcess, spec: ChildSpec, registry: ChildRegistry): Child {
  const { pid } = child;
  const identity = pid === undefined ? undefined : identifyChild(pid);
  if (identity !== undefined) registry.started(spec, identity);
  let running = pid !== undefined;
  const lifeline = child.stdio[3];
  if (lifeline && 'on' in lifeline) lifeline.on('error', () => {});

  const exited = new Promise<ChildExit>((resolve) => {
    const end = (exit: ChildExit): void => {
      running = false;
      // What the process left in its group goes with it; the group's number can't have been reused yet.
      if (pid !== undefined) signalGroup(pid, 'SIGKILL');
      if (identity !== undefined) registry.ended(spec, identity);
      resolve(exit);
    };
    child.once('error', (error) => {
      if (pid === undefined)
        end({ code: null, signal: null, error: describeSpawnError(error, spec.command, spec.cwd) });
    });
    child.once('exit', (code, signal) => end({ code, signal }));
  });

  return {
    pid,
    stdout: child.stdout ?? undefined,
    exited,
    get running() {
      return running;
    },
    async stop(graceMs) {
      if (running && pid !== undefined) {
        if (spec.role === 'app') signalGroup(pid, 'SIGTERM');
        else child.kill('SIGTERM');
        const timer = setTimeout(() => running && signalGroup(pid, 'SIGKILL'), graceMs);
        await exited;
        clearTimeout(timer);
      }
      return exited;
    },
    kill(signal) {
      if (running && pid !== undefined) signalGroup(pid, signal);
    },
    send(message, handle) {
      if (child.connected) child.send(message, handle as SendHandle | undefined, {}, () => {});
    },
    onMessage(listener) {
      child.on('message', listener);
    },
  };
}

function neverStarted(error: string): Child {
  const exited = Promise.resolve({ code: null, signal: null, error });
  return {
    pid: undefined,
    stdout: undefined,
    exited,
    running: false,
    stop: () => exited,
    kill: () => {},
    send: () => {},
    onMessage: () => {},
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // EPERM is what macOS answers for a group of zombies.
    if (errorCode(error) !== 'ESRCH' && errorCode(error) !== 'EPERM') throw error;
  }
}

/** Why a command did not start, in words. */
export function describeSpawnError(error: Error, command: string, cwd: string): string {
  if (errorCode(error) === 'ENOENT') return `no such program "${command}" (or directory ${cwd})`;
  if (errorCode(error) === 'EACCES') return `not allowed to run "${command}"`;
  return error.message;
}

/** `exit code 1`, `killed by SIGKILL`, or why it didn't start. */
export function formatExit({ code, signal, error }: ChildExit): string {
  if (error !== undefined) return error;
  return signal === null ? `exit code ${code}` : `killed by ${signal}`;
}
