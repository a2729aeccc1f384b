import type { Headers } from '@tulle/decision/headers';
import { type GrpcStatus, grpcCode } from '@tulle/xds/client/transport';

/** What trailers, or a head without content, say of how the call ended; undefined: nothing. */
export function statusOf(headers: Headers): GrpcStatus | undefined {
  const code = headers.get('grpc-status');
  if (code === undefined) return undefined;
  return {
    code: /^\d{1,3}$/.test(code) ? Number(code) : grpcCode.unknown,
    message: percentDecoded(headers.get('grpc-message') ?? ''),
  };
}

function percentDecoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** After gRPC's doc/http-grpc-status-mapping.md. */
const codes = new Map([
  [400, grpcCode.internal],
  [401, grpcCode.unauthenticated],
  [403, grpcCode.permissionDenied],
  [404, grpcCode.unimplemented],
  [429, grpcCode.unavailable],
  [502, grpcCode.unavailable],
  [503, grpcCode.unavailable],
  [504, grpcCode.unavailable],
]);

/** How a call ended whose answer is not gRPC's. */
export function statusOfHttp(status: number): GrpcStatus {
  return { code: codes.get(status) ?? grpcCode.unknown, message: `HTTP status ${status}` };
}
