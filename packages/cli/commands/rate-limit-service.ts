import type { Command } from 'commander';
import { messageOf, usageError } from '../failure.ts';
import { type Io, note, print } from '../io.ts';
import type { Counters } from '../rate-limit-service/counters.ts';
import { MemoryCounters } from '../rate-limit-service/memory-counters.ts';
import { RedisCounters } from '../rate-limit-service/redis-counters.ts';
import { RespClient, type RespTarget, respTarget } from '../rate-limit-service/resp-client.ts';
import { serveRateLimits } from '../rate-limit-service/server.ts';
import { example } from './options/examples.ts';

interface ServiceOptions {
  readonly port?: string;
  readonly redis?: string;
}

export function define(command: Command, io: Io): void {
  command
    .option('--port <number>', 'the port to listen on, at 127.0.0.1; $PORT by default')
    .option(
      '--redis <url>',
      'count in Redis or Valkey (redis://… or rediss://…) instead of memory; $REDIS_URL by default',
    )
    .addHelpText(
      'after',
      [
        '\nAnswers Envoy’s rate limit service protocol for RateLimitPolicies of scope MESH.',
        'Run it as a Workload of the mesh, so that its sidecar does the TLS; `tulle up`',
        'does so by itself. With Redis any number of it count as one.',
        example(
          'tulle rate-limit-service --port 8081',
          'tulle rate-limit-service --redis redis://127.0.0.1:6379/0',
        ),
      ].join('\n'),
    )
    .action((options: ServiceOptions) => run(options, io));
}

async function run(options: ServiceOptions, io: Io): Promise<void> {
  const port = options.port ?? io.env.PORT ?? '8081';
  if (!/^\d{1,5}$/.test(port)) throw usageError(`--port must be a port number, not "${port}"`);
  const redis = options.redis ?? io.env.REDIS_URL;
  const counters: Counters =
    redis === undefined ? new MemoryCounters() : new RedisCounters(new RespClient(targetOf(redis)));
  let told = '';
  const server = await serveRateLimits(`127.0.0.1:${port}`, counters, ({ message }) => {
    // Once per kind of failure, not per request.
    if (message !== told) note(io, `counters: ${message}`);
    told = message;
  });
  print(
    io,
    `rate limit service on 127.0.0.1:${server.port}, counting in ${redis === undefined ? 'memory' : 'Redis'}`,
  );
  await new Promise<void>((resolve) =>
    io.interrupted.addEventListener('abort', () => resolve(), { once: true }),
  );
  await server.close();
}

function targetOf(url: string): RespTarget {
  try {
    return respTarget(url);
  } catch (error) {
    throw usageError(`--redis: ${messageOf(error)}`);
  }
}
