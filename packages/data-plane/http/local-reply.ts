import { Headers } from '@tulle/decision/headers';
import type { ResponseFlag } from '../telemetry/response-flags.ts';
import { isGrpc } from './grpc.ts';
import type { RequestHead, ResponseHead } from './stream.ts';

/** A response that the proxy makes itself. */
export interface LocalReply {
  readonly status: number;
  readonly body: string | Uint8Array;
  /** Response code details: why. */
  readonly details: string;
  readonly flag?: ResponseFlag;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is done to its fields before they say what the body is; a gRPC call's are complete. */
  readonly change?: (response: ResponseHead) => void;
  /** What gRPC calls are told; without it what the status stands for. */
  readonly grpcStatus?: number;
}

const grpcStatuses: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** To a gRPC request: status 200 and the fault in grpc-status and grpc-message, as Envoy. */
export function localReplyHead(
  reply: LocalReply,
  request: RequestHead,
): { readonly head: ResponseHead; readonly body: Buffer } {
  const headers = new Headers();
  const { protocol } = request;
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body, 'utf8') : Buffer.from(reply.body);
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers.add(name, value);
  if (isGrpc(request.headers)) {
    headers.add('content-type', 'application/grpc');
    headers.add('grpc-status', String(reply.grpcStatus ?? grpcStatuses[reply.status] ?? 2));
    const message = body.toString();
    if (message !== '') headers.add('grpc-message', encodeURIComponent(message).replaceAll('%20', ' '));
    const head = { status: 200, headers, protocol };
    reply.change?.(head);
    return { head, body: Buffer.alloc(0) };
  }
  const head = { status: reply.status, headers, protocol };
  reply.change?.(head);
  if (body.length > 0 || reply.status >= 200) headers.set('content-length', String(body.length));
  if (body.length > 0 && !headers.has('content-type')) headers.add('content-type', 'text/plain');
  return { head, body };
}
