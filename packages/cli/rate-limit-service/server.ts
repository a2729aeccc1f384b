import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  RateLimitResponse_Code as Code,
  RateLimitRequestSchema,
  type RateLimitResponse_DescriptorStatusSchema,
  RateLimitResponseSchema,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '@tulle/xds/gen/envoy/service/ratelimit/v3/rls_pb.js';
import type { Counters } from './counters.ts';
import { type LimitStatus, shouldRateLimit } from './service.ts';

const method = {
  path: '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
} as const;

export interface RateLimitServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves until closed, in plain text: its sidecar does the TLS.
 *
 * @param address `127.0.0.1:8081`; port 0: a free one
 * @throws Error when the port is taken
 */
export async function serveRateLimits(
  address: string,
  counters: Counters,
  onFailure: (error: Error) => void,
  now: () => number = Date.now,
): Promise<RateLimitServer> {
  const server = new Server();
  server.addService(
    { shouldRateLimit: method },
    {
      shouldRateLimit({ request }: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        answer(request, counters, now()).then(
          (bytes) => done(null, bytes),
          (error: Error) => {
            onFailure(error);
            done({ code: status.UNAVAILABLE, details: error.message });
          },
        );
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.tryShutdown(() => resolve());
        counters.close();
      }),
  };
}

async function answer(bytes: Uint8Array, counters: Counters, now: number): Promise<Buffer> {
  const { domain, descriptors, hitsAddend } = fromBinary(RateLimitRequestSchema, bytes);
  const statuses = await shouldRateLimit(
    counters,
    domain,
    descriptors.map(({ entries }) => entries),
    Math.max(1, hitsAddend),
    now,
  );
  const response = create(RateLimitResponseSchema, {
    overallCode: statuses.some(({ overLimit }) => overLimit) ? Code.OVER_LIMIT : Code.OK,
    statuses: statuses.map(statusMessage),
  });
  return Buffer.from(toBinary(RateLimitResponseSchema, response));
}

const units = new Map([
  [1, Unit.SECOND],
  [60, Unit.MINUTE],
  [3_600, Unit.HOUR],
  [86_400, Unit.DAY],
  [604_800, Unit.WEEK],
]);

function statusMessage({
  overLimit,
  limit,
}: LimitStatus): MessageInitShape<typeof RateLimitResponse_DescriptorStatusSchema> {
  const code = overLimit ? Code.OVER_LIMIT : Code.OK;
  if (limit === undefined) return { code };
  const { name, requests, windowSeconds, remaining, resetMs } = limit;
  const unit = units.get(windowSeconds);
  const seconds = Math.floor(resetMs / 1_000);
  return {
    code,
    currentLimit: {
      name,
      requestsPerUnit: requests,
      unit: unit ?? Unit.SECOND,
      ...(unit === undefined && { unitMultiplier: windowSeconds }),
    },
    limitRemaining: remaining,
    durationUntilReset: { seconds: BigInt(seconds), nanos: Math.round((resetMs - seconds * 1_000) * 1e6) },
  };
}
