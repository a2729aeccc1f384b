/** The gRPC methods of ADS, with messages as bytes: what they hold is the session's business. */
import type { handleBidiStreamingCall, MethodDefinition, ServerDuplexStream } from '@grpc/grpc-js';

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
 * Options for the grpc.Server that carries ADS: pings find dead proxies, a request is bounded, and a
 * connection has one stream, its renewals and little else.
 */
export const adsServerOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_concurrent_streams': 16,
} as const;
