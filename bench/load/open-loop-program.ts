/**
 * An open loop: requests are due at times drawn beforehand (Poisson, seeded), whether or not those before them
 * are answered; a latency counts from when its request was due. `open-loop-program.ts '{…OpenLoop}'` prints an
 * OpenLoopResult.
 *
 * Timers of an event loop are a millisecond coarse. This one turns about every 50 µs instead: an immediate that
 * sleeps on a futex, so that backend and generator share their core without either spinning.
 */
import { type Asker, openAskers } from './asker.ts';
import { handshaker } from './handshaker.ts';
import type { OpenLoop, OpenLoopResult } from './open-loop.ts';
import { percentiles } from './percentiles.ts';

const load = JSON.parse(process.argv[2] as string) as OpenLoop;
/** The generator's own code is slow at first: with large bodies it fell behind by up to 100 ms, and took as long to catch up. */
const warmMs = 1000;
const napMs = 0.05;
const nap = new Int32Array(new SharedArrayBuffer(4));

/** xorshift32: the same arrivals for every peer. */
let seed = load.seed | 1;
function random(): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) / 2 ** 32;
}

const idle: Asker[] = [];
const overdue: number[] = [];
const latencies: number[] = [];
let errors = 0;
let start = 0;
let nextDue = 0;

function send(asker: Asker, due: number): void {
  asker.ask((ok) => {
    if (!ok) errors++;
    if (due >= start + warmMs) latencies.push(performance.now() - due);
    const next = overdue.shift();
    if (next === undefined) idle.push(asker);
    else send(asker, next);
  });
}

function turn(): void {
  const now = performance.now();
  while (nextDue <= now) {
    const asker = idle.pop();
    if (asker === undefined) overdue.push(nextDue);
    else send(asker, nextDue);
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

if (load.handshakes === undefined)
  for (let i = 0; i < load.connections; i++) idle.push(...(await openAskers(load, () => errors++)));
else {
  const asker = handshaker({ ...load, ...load.handshakes, path: load.ask.path });
  for (let i = 0; i < load.connections; i++) idle.push(asker);
}
start = performance.now();
nextDue = start;
turn();
