import type { Headers } from '@tulle/decision/headers';

/** True: a gRPC call or its answer (`application/grpc`, `application/grpc+proto`), not gRPC-Web. */
export function isGrpc(headers: Headers): boolean {
  const type = headers.get('content-type');
  if (type === undefined || !type.startsWith('application/grpc')) return false;
  const next = type['application/grpc'.length];
  return next === undefined || next === '+' || next === ';';
}
