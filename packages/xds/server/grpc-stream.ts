/** The gRPC methods of ADS, with messages as bytes: what they hold is the session's business. */
import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  type handleBidiStreamingCall,
  Metadata,
  type MethodDefinition,
  type ServerDuplexStream,
} from '@grpc/grpc-js';

export type AdsCall = ServerDuplexStream<Buffer, Buffer>;
export type AdsHandler = handleBidiStreamingCall<Buffer, Buffer>;

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string): MethodDefinition<Buffer, Buffer> => ({
  path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
  requestStream: true,
  responseStream: true,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

export const adsService = {
  StreamAggregatedResources: method('StreamAggregatedResources'),
  DeltaAggregatedResources: method('DeltaAggregatedResources'),
};

/**
 * What is handed to the transport at once. Node and OpenSSL keep about as much for each connection as was ever written to
 * it in one piece: with responses of 2 MB a gigabyte for 500 proxies.
 */
const pieceBytes = 128 * 1024;

/**
 * The HTTP/2 stream under a call, which grpc-js 1.x keeps to itself. It copies each message into a buffer of its own and
 * writes that as one piece; and it ends a call only behind all that was written, which one who does not read never
 * takes.
 */
function http2StreamOf(call: AdsCall): ServerHttp2Stream | undefined {
  return (call as unknown as { call?: { stream?: ServerHttp2Stream } }).call?.stream;
}

/**
 * Sends a message, piece by piece as the transport takes them.
 * @param taken called when the kernel has all of it; not when the call has ended before
 * @returns the message's bytes
 */
export function writeMessage(call: AdsCall, parts: readonly Uint8Array[], taken: () => void): number {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const stream = http2StreamOf(call);
  if (stream === undefined) {
    call.write(Buffer.concat(parts), taken);
    return length;
  }
  if (!stream.headersSent) call.sendMetadata(new Metadata());
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(length, 1);
  const pieces = inPieces([prefix, ...parts]);
  const writeNext = (): void => {
    const { done, value } = pieces.next();
    if (done) taken();
    else if (!stream.writableEnded && !stream.destroyed)
      stream.write(value, (error) => {
        if (!error) writeNext();
      });
  };
  writeNext();
  return length;
}

/** Small parts joined, large ones cut: a piece is made when it is asked for. */
function* inPieces(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    if (bytes + part.length > pieceBytes) {
      if (bytes > 0) yield Buffer.concat(small, bytes);
      [small, bytes] = [[], 0];
    }
    if (part.length <= pieceBytes) {
      small.push(part);
      bytes += part.length;
    } else for (let at = 0; at < part.length; at += pieceBytes) yield part.subarray(at, at + pieceBytes);
  }
  if (bytes > 0) yield Buffer.concat(small, bytes);
}

/** Ends a call at once, whatever waits to be sent. */
export function resetStream(call: AdsCall): void {
  http2StreamOf(call)?.close(constants.NGHTTP2_CANCEL);
}

/**
 * Options for the grpc.Server that carries ADS: pings find dead proxies, a request is bounded, and a
 * connection has one stream, its renewals and little else.
 */
export const adsServerOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_concurrent_streams': 16,
} as const;
