import { createServer } from 'node:net';

/** Held until it is given back, or the process ends however it ends. */
export interface PortClaim {
  release(): void;
}

/**
 * Claims something of this machine's ports for this process alone: a listener on an abstract Unix socket, which lives in
 * the network namespace as ports do, leaves no file and ends with its process (unix(7)). Where there are none, on
 * other systems than Linux, everybody gets what they ask for.
 * @returns undefined when another process has it
 */
export function claimPorts(name: string): Promise<PortClaim | undefined> {
  if (process.platform !== 'linux') return Promise.resolve({ release: () => {} });
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen(`\0tulle.dev/ports/${name}`, () => {
      server.unref();
      resolve({ release: () => server.close() });
    });
  });
}
