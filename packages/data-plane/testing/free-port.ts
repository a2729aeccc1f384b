import { once } from 'node:events';
import { createServer } from 'node:net';

/** Beside what the system gives to whoever asks for any port (from 32,768 on), and what `tulle up` gives out. */
const first = 10_000;
const count = 5_000;

/** Processes begin far from each other: 13 is no divisor of `count`. */
let next = (process.pid * 13) % count;

/**
 * A loopback port that nobody listens on, for what must be told its port before it listens. Nobody else is given it
 * meanwhile: no process's outgoing connection, nobody who listens on port 0.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < count; tries++) {
    const port = first + next;
    next = (next + 1) % count;
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no free port from ${first} on`);
}
