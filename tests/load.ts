/** A closed-loop load for end-to-end tests: some connections, every answer counted. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request by a real HTTP client, with any Host. */
export function fetchOnce(url: string, headers: Record<string, string> = {}, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, ...(agent !== undefined && { agent }) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });
}

export interface LoadResult {
  readonly requests: number;
  /** By status; 0 is a connection that failed. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How many answers were neither 200 nor expected. */
  readonly failures: readonly string[];
}

export interface Load {
  /** Ends when at least so many requests were answered, after those in flight. */
  stop(atLeast?: number): Promise<LoadResult>;
}

/** Sends GETs over `connections` keep-alive connections until stopped. */
export function startLoad(
  url: string,
  { connections = 8, headers = {} as Record<string, string>, pauseMs = 0, onAnswer = (_: Answer) => {} } = {},
): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  let requests = 0;
  let running = true;
  const loop = async (): Promise<void> => {
    while (running) {
      requests++;
      try {
        const answer = await fetchOnce(url, headers, agent);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status !== 200) failures.push(`${answer.status} ${answer.body.slice(0, 200)}`);
        onAnswer(answer);
      } catch (error) {
        statuses.set(0, (statuses.get(0) ?? 0) + 1);
        failures.push(String(error));
      }
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const loops = Array.from({ length: connections }, loop);
  return {
    stop: async (atLeast = 0) => {
      while (requests < atLeast) await new Promise((resolve) => setTimeout(resolve, 5));
      running = false;
      await Promise.all(loops);
      agent.destroy();
      return { requests, statuses, failures };
    },
  };
}
