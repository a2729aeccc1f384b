import { loadCore } from '../system/cpu.ts';
import { runProgram } from '../system/program.ts';

export interface ClosedLoop {
  readonly port: number;
  readonly path: string;
  readonly host: string;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Connections that failed and answers that were not 2xx. */
  readonly errors: number;
}

/** wrk: each connection asks again as soon as it is answered. */
export async function closedLoop({
  port,
  path,
  host,
  connections,
  seconds,
}: ClosedLoop): Promise<LoadResult> {
  const url = `http://127.0.0.1:${port}${path}`;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-H', `Host: ${host}`, url];
  const output = await runProgram('wrk', args, loadCore);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? 0);
  const failed = output.matchAll(/(?:connect|read|write|timeout) (\d+)|Non-2xx or 3xx responses: (\d+)/g);
  const errors = [...failed].reduce((sum, [, socket, status]) => sum + Number(socket ?? status ?? 0), 0);
  return { requests, requestsPerSecond: rate, errors };
}
