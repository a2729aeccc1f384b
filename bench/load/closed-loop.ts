import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { grpcMessage } from '../peers/grpc-message.ts';
import type { Ask } from '../scenarios/scenario.ts';
import { loadCore } from '../system/cpu.ts';
import { runProgram } from '../system/program.ts';

export interface ClosedLoop {
  readonly port: number;
  readonly ask: Ask;
  readonly host: string;
  readonly connections: number;
  readonly seconds: number;
  /** For what the load must write. */
  readonly folder: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Connections that failed and answers that were not 2xx. */
  readonly errors: number;
}

/** Each connection, or each of its streams, asks again as soon as it is answered: by wrk, HTTP/2 by h2load. */
export const closedLoop = (load: ClosedLoop): Promise<LoadResult> =>
  load.ask.streams === undefined ? wrk(load) : h2load(load, load.ask.streams);

async function wrk({ port, ask, host, connections, seconds }: ClosedLoop): Promise<LoadResult> {
  const url = `http://127.0.0.1:${port}${ask.path}`;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-H', `Host: ${host}`, url];
  const output = await runProgram('wrk', args, loadCore);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
  const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1] ?? 0);
  const failed = output.matchAll(/(?:connect|read|write|timeout) (\d+)|Non-2xx or 3xx responses: (\d+)/g);
  const errors = [...failed].reduce((sum, [, socket, status]) => sum + Number(socket ?? status ?? 0), 0);
  return { requests, requestsPerSecond: rate, errors };
}

async function h2load(
  { port, ask, connections, seconds, folder }: ClosedLoop,
  streams: number,
): Promise<LoadResult> {
  const message = join(folder, 'grpc-message');
  if (ask.grpc === true) writeFileSync(message, grpcMessage);
  const call = ['-d', message, '-H', 'content-type: application/grpc', '-H', 'te: trailers'];
  const url = `http://127.0.0.1:${port}${ask.path}`;
  const output = await runProgram(
    'h2load',
    [
      ...['-t', '1', '-c', String(connections), '-m', String(streams), '-D', String(seconds)],
      ...(ask.grpc === true ? call : []),
      url,
    ],
    loadCore,
  );
  const [, requests = 0] = /(\d+) done/.exec(output) ?? [];
  const [, rate = 0] = /, ([\d.]+) req\/s/.exec(output) ?? [];
  const failed = output.matchAll(/(\d+) (?:failed|errored|timeout|3xx|4xx|5xx)/g);
  const errors = [...failed].reduce((sum, [, count]) => sum + Number(count), 0);
  return { requests: Number(requests), requestsPerSecond: Number(rate), errors };
}
