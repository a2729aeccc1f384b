/**
 * An open loop: requests are due at times drawn beforehand (Poisson, seeded), whether or not those before them
 * are answered; a latency counts from when its request was due. `open-loop-program.ts '{…OpenLoop}'` prints an
 * OpenLoopResult.
 *
 * Timers of an event loop are a millisecond coarse. This one turns about every 50 µs instead: an immediate that
 * sleeps on a futex, so that backend and generator share their core without either spinning.
 */
import { connect, type Socket } from 'node:net';
import { AnswerReader } from './answer-reader.ts';
import type { OpenLoop, OpenLoopResult } from './open-loop.ts';
import { percentiles } from './percentiles.ts';

const load = JSON.parse(process.argv[2] as string) as OpenLoop;
const warmMs = 300;
const napMs = 0.05;
const nap = new Int32Array(new SharedArrayBuffer(4));
const request = Buffer.from(`GET ${load.path} HTTP/1.1\r\nHost: ${load.host}\r\n\r\n`, 'latin1');

interface Connection {
  readonly socket: Socket;
  /** When the request under way was due. */
  due: number;
}

/** xorshift32: the same arrivals for every peer. */
let seed = load.seed | 1;
function random(): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) / 2 ** 32;
}

const idle: Connection[] = [];
const overdue: number[] = [];
const latencies: number[] = [];
let errors = 0;
let start = 0;
let nextDue = 0;

function send(connection: Connection, due: number): void {
  connection.due = due;
  connection.socket.write(request);
}

function answered(connection: Connection, status: number): void {
  if (status < 200 || status > 299) errors++;
  if (connection.due >= start + warmMs) latencies.push(performance.now() - connection.due);
  const due = overdue.shift();
  if (due === undefined) idle.push(connection);
  else send(connection, due);
}

async function open(): Promise<void> {
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
  const connection: Connection = { socket, due: 0 };
  const reader = new AnswerReader((status) => answered(connection, status));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('data', (chunk: Buffer) => reader.read(chunk));
  socket.on('close', () => errors++);
  idle.push(connection);
}

function turn(): void {
  const now = performance.now();
  while (nextDue <= now) {
    const connection = idle.pop();
    if (connection === undefined) overdue.push(nextDue);
    else send(connection, nextDue);
    nextDue += (-Math.log(1 - random()) / load.rate) * 1000;
  }
  if (now > start + warmMs + load.seconds * 1000) finish();
  else {
    if (nextDue - now > napMs) Atomics.wait(nap, 0, 0, napMs);
    setImmediate(turn);
  }
}

function finish(): void {
  const requests = latencies.length;
  const result: OpenLoopResult = { requests, errors, ...percentiles(latencies) };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}

for (let i = 0; i < load.connections; i++) await open();
start = performance.now();
nextDue = start;
turn();
