import { createServer } from 'node:net';
import { claimPorts, type PortClaim } from './port-claim.ts';

/**
 * Below Linux's and macOS's ephemeral ranges (32768… and 49152…), so that no outgoing connection sits there, and below what
 * users of Kubernetes and Istio write down: NodePorts (30000 to 32767), 31400 of Istio's gateways.
 */
export const FIRST_PORT = 20_000;
export const LAST_PORT = 29_999;

/** Whether a server could listen there now. */
export function isFree(port: number, address = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** So many ports are claimed at a time. */
const BLOCK = 32;

/** What an allocator asks of the machine. */
export interface PortMachine {
  /** Whether a server could listen there now. */
  readonly isFree: (port: number) => Promise<boolean>;
  /** For this process alone, among all that allocate. @returns undefined when another has it */
  readonly claim: (name: string) => Promise<PortClaim | undefined>;
}

/**
 * Gives out ports that are free now, that it has not given out before, and that no other allocator of this machine
 * gives out: they come in blocks, each claimed as a whole. The seed says where it starts looking.
 */
export class PortAllocator {
  readonly #taken = new Set<number>();
  readonly #machine: PortMachine;
  /** By first port. */
  readonly #blocks = new Map<number, Promise<PortClaim | undefined>>();
  #next: number;

  constructor(seed: number, machine: PortMachine = { isFree, claim: claimPorts }) {
    this.#next = FIRST_PORT + (Math.abs(Math.trunc(seed)) % (LAST_PORT - FIRST_PORT + 1));
    this.#machine = machine;
  }

  /** @throws Error when every port is taken */
  async take(): Promise<number> {
    for (let tries = 0; tries <= LAST_PORT - FIRST_PORT; tries++) {
      const port = this.#next;
      this.#next = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if ((await this.#claims(port)) && (await this.#machine.isFree(port))) return port;
      this.#taken.delete(port);
    }
    throw new Error(`no free port between ${FIRST_PORT} and ${LAST_PORT}`);
  }

  release(ports: Iterable<number>): void {
    for (const port of ports) this.#taken.delete(port);
  }

  /** Others may have its ports. */
  async close(): Promise<void> {
    const claims = await Promise.all(this.#blocks.values());
    this.#blocks.clear();
    for (const claim of claims) claim?.release();
  }

  /** Whether the block around it is ours. One that is another's may be ours later. */
  async #claims(port: number): Promise<boolean> {
    const first = port - ((port - FIRST_PORT) % BLOCK);
    const pending = this.#blocks.get(first) ?? this.#machine.claim(String(first));
    this.#blocks.set(first, pending);
    if ((await pending) !== undefined) return true;
    if (this.#blocks.get(first) === pending) this.#blocks.delete(first);
    return false;
  }
}
