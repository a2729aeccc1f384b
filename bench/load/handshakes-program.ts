/** See handshakes.ts: `handshakes-program.ts '{…Handshakes}'` prints a HandshakeResult. */
import { readFileSync } from 'node:fs';
import { connect, createSecureContext } from 'node:tls';
import type { HandshakeResult, Handshakes } from './handshakes.ts';
import { percentiles } from './percentiles.ts';

const load = JSON.parse(process.argv[2] as string) as Handshakes;
const { certificates } = load;
const secureContext = createSecureContext({
  ca: readFileSync(certificates.root),
  cert: readFileSync(certificates.chain),
  key: readFileSync(certificates.key),
  minVersion: 'TLSv1.3',
  // One for all: of several, each server takes another, and with SHA-384 a handshake costs more. Sidecars agree on this one.
  ciphers: 'TLS_AES_128_GCM_SHA256',
});
const request = `GET ${load.path} HTTP/1.1\r\nHost: ${load.host}\r\nConnection: close\r\n\r\n`;
const end = performance.now() + load.seconds * 1000;
const latencies: number[] = [];
let errors = 0;
/** The latest that the server has offered. */
let session: Buffer | undefined;

function once(): Promise<void> {
  return new Promise((resolve) => {
    const began = performance.now();
    let answered = false;
    const socket = connect({
      port: load.port,
      host: '127.0.0.1',
      secureContext,
      // The name is not what is verified here: a SPIFFE ID has none.
      checkServerIdentity: () => undefined,
      ...(load.resume && session !== undefined ? { session } : {}),
    });
    const offered = session;
    socket.once('secureConnect', () => {
      if (load.resume && offered !== undefined && !socket.isSessionReused()) errors++;
      socket.write(request);
    });
    socket.on('session', (latest: Buffer) => {
      session = latest;
    });
    socket.on('data', () => {
      if (answered) return;
      answered = true;
      latencies.push(performance.now() - began);
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      if (!answered) errors++;
      resolve();
    });
  });
}

async function worker(): Promise<void> {
  while (performance.now() < end) await once();
}

const began = performance.now();
await Promise.all(Array.from({ length: load.concurrency }, worker));
const result: HandshakeResult = {
  requests: latencies.length,
  requestsPerSecond: (latencies.length / (performance.now() - began)) * 1000,
  errors,
  ...percentiles(latencies),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
