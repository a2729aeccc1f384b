import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { adminPort, proxyPort } from './subject.ts';

/** Between two questions of one that watches, milliseconds. */
const everyMs = 2;

/** Asks one after another on one connection, until it is stopped; keeps the longest that one waited. */
export class Watcher {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #ask: () => Promise<unknown>;
  #longestMs = 0;
  #stopped = false;
  readonly #ended: Promise<void>;

  /** @param ask fails, or answers, when it likes: only how long it takes counts */
  constructor(ask: (agent: Agent) => Promise<unknown>) {
    this.#ask = () => ask(this.#agent);
    this.#ended = this.#run();
  }

  /** The longest wait so far, milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const before = performance.now();
      const answered = await this.#ask().then(
        () => true,
        () => false,
      );
      if (answered) this.#longestMs = Math.max(this.#longestMs, performance.now() - before);
      await pause(everyMs);
    }
  }

  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#ended;
    this.#agent.destroy();
    return this.#longestMs;
  }
}

/** Asks the proxy itself. Resolves with the status. */
export const askAdmin = (agent: Agent): Promise<number> =>
  ask(agent, adminPort, '/ready', '127.0.0.1').then(({ statusCode = 0 }) => statusCode);

/** Asks a service through the proxy. Resolves when the whole answer is there. */
export const askService = (agent: Agent, host: string): Promise<IncomingMessage> =>
  ask(agent, proxyPort, '/api/thing', host);

function ask(agent: Agent, port: number, path: string, host: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, path, headers: { host } }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer));
      answer.once('error', reject);
    });
    sent.once('error', reject);
    sent.end();
  });
}

/** Asks each of the hosts as often, a few at a time. @throws Error for an answer that is not 200 */
export async function askAll(hosts: readonly string[], requests: number, atATime: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: atATime });
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < requests) {
      const host = hosts[next++ % hosts.length] ?? '';
      const { statusCode } = await askService(agent, host);
      if (statusCode !== 200) throw new Error(`${host} answered ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, one));
  agent.destroy();
}
