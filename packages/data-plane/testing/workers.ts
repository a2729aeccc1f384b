import { type ChildProcess, type SendHandle, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { BreakerLimits, OutlierDetection } from '@tulle/decision/tables/cluster';
import type { HealthCheck } from '@tulle/decision/tables/health-check';
import type { TokenBucketSettings } from '@tulle/decision/tables/rate-limit';
import { WorkerParent } from '../workers/parent.ts';
import { type ToParent, type WorkerId, workerId } from '../workers/protocol.ts';

/** What a worker of tests serves. */
export interface WorkerArguments {
  readonly id: string;
  readonly workers: number;
  readonly succeeds: boolean;
  /** Loopback ports of its listeners. */
  readonly http: number;
  readonly tcp?: number;
  /** Loopback ports of the endpoints of its one cluster. */
  readonly backends: readonly number[];
  readonly limits?: Partial<BreakerLimits>;
  readonly outlier?: OutlierDetection;
  readonly healthCheck?: HealthCheck;
  /** Of each listener. */
  readonly maxConnections?: number;
  /** Of requests, `/who` included. */
  readonly rateLimit?: TokenBucketSettings;
  /** Of each worker, whatever its descriptors allow. */
  readonly gate?: number;
  /** RLIMIT_NOFILE of each worker. */
  readonly descriptors?: number;
}

const program = fileURLToPath(new URL('worker.ts', import.meta.url));

/** The command line of a worker: its channel is Node's IPC, with structured clones. */
export function workerCommand(args: WorkerArguments): readonly [string, ...string[]] {
  const command = [process.execPath, program, JSON.stringify(args)] as const;
  const { descriptors } = args;
  if (descriptors === undefined) return command;
  return ['/bin/sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', ...command];
}

export interface TestWorkers {
  readonly parent: WorkerParent;
  readonly processes: readonly ChildProcess[];
  /** By this worker alone: the others are stopped meanwhile, so that what comes goes to it. */
  byOnly<T>(slot: number, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Real processes under a parent here; resolves when all serve. */
export async function startWorkers(
  args: Omit<WorkerArguments, 'id' | 'workers' | 'succeeds'>,
  count = 2,
): Promise<TestWorkers> {
  const serving = new Map<WorkerId, () => void>();
  const parent = new WorkerParent(
    (id) => serving.get(id)?.(),
    () => Promise.reject(new Error('there is no control plane')),
  );
  const processes = await Promise.all(
    Array.from({ length: count }, async (_, slot) => {
      const id = workerId(0, slot);
      const served = new Promise<void>((resolve) => serving.set(id, resolve));
      const [command, ...rest] = workerCommand({ ...args, id, workers: count, succeeds: false });
      const child = spawn(command, rest, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        serialization: 'advanced',
      });
      child.on('message', (message) => parent.receive(id, message as ToParent));
      child.once('exit', () => parent.ended(id));
      parent.attach(id, {
        send: (message, handle) => {
          if (child.connected) child.send(message, handle as SendHandle | undefined, {}, () => {});
        },
      });
      await served;
      return child;
    }),
  );
  return {
    parent,
    processes,
    async byOnly(slot, work) {
      const others = processes.filter((_, at) => at !== slot);
      for (const other of others) other.kill('SIGSTOP');
      try {
        return await work();
      } finally {
        for (const other of others) other.kill('SIGCONT');
      }
    },
    async close() {
      await Promise.all(
        processes.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const exited = once(child, 'exit');
          child.kill('SIGKILL');
          await exited;
        }),
      );
      parent.close();
    },
  };
}

/** A connection that is open, over which HTTP/1.1 is asked by hand. */
export interface Client {
  readonly socket: Socket;
  /** GETs, and resolves with the status line's number and the body; 0 when the connection ended instead. */
  get(path?: string): Promise<{ readonly status: number; readonly body: string }>;
  close(): void;
}

/** Resolves when the connection is accepted by the system, whoever will serve it. */
export async function openClient(port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  let received = '';
  let onChange: () => void = () => {};
  let ended = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    onChange();
  });
  socket.once('close', () => {
    ended = true;
    onChange();
  });
  return {
    socket,
    close: () => socket.destroy(),
    get: (path = '/') =>
      new Promise((resolve) => {
        onChange = () => {
          const head = received.indexOf('\r\n\r\n');
          const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
          if (head >= 0 && received.length >= head + 4 + length) {
            const answer = {
              status: Number(received.slice(9, 12)),
              body: received.slice(head + 4, head + 4 + length),
            };
            received = received.slice(head + 4 + length);
            resolve(answer);
          } else if (ended) resolve({ status: 0, body: received });
        };
        socket.write(`GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`);
        onChange();
      }),
  };
}
