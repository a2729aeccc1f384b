/** See handshakes.ts: `handshakes-program.ts '{…Handshakes}'` prints a HandshakeResult. */
import { handshaker } from './handshaker.ts';
import type { HandshakeResult, Handshakes } from './handshakes.ts';
import { percentiles } from './percentiles.ts';

const load = JSON.parse(process.argv[2] as string) as Handshakes;
const asker = handshaker(load);
const began = performance.now();
const end = began + load.seconds * 1000;
const latencies: number[] = [];
let errors = 0;
let running = load.concurrency;

function again(): void {
  const asked = performance.now();
  if (asked >= end) {
    if (--running === 0) finish();
    return;
  }
  asker.ask((ok) => {
    if (ok) latencies.push(performance.now() - asked);
    else errors++;
    again();
  });
}

function finish(): void {
  const result: HandshakeResult = {
    requests: latencies.length,
    requestsPerSecond: (latencies.length / (performance.now() - began)) * 1000,
    errors,
    ...percentiles(latencies),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

for (let i = 0; i < load.concurrency; i++) again();
