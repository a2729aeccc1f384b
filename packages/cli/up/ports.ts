import { createServer } from 'node:net';

/** Below Linux's and macOS's ephemeral ranges (32768… and 49152…), so that no outgoing connection sits there. */
export const FIRST_PORT = 20_000;
export const LAST_PORT = 31_999;

/** Whether a server could listen there now. */
export function isFree(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Gives out ports that are free now and that it has not given out before. Two allocators start at different
 * places when their seeds differ, so that two meshes on one machine seldom try the same port.
 */
export class PortAllocator {
  readonly #taken = new Set<number>();
  readonly #test: (port: number) => Promise<boolean>;
  #next: number;

  constructor(seed: number, test: (port: number) => Promise<boolean> = (port) => isFree(port)) {
    this.#next = FIRST_PORT + (Math.abs(Math.trunc(seed)) % (LAST_PORT - FIRST_PORT + 1));
    this.#test = test;
  }

  /** @throws Error when every port is taken */
  async take(): Promise<number> {
    for (let tries = 0; tries <= LAST_PORT - FIRST_PORT; tries++) {
      const port = this.#next;
      this.#next = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await this.#test(port)) return port;
      this.#taken.delete(port);
    }
    throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`);
  }

  release(ports: Iterable<number>): void {
    for (const port of ports) this.#taken.delete(port);
  }
}
