import type { MessageInitShape } from '@bufbuild/protobuf';
import { type HealthCheckPolicySpec, parseStatuses } from '@tulle/resources/tulle/health-check-policy';
import type { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { RequestMethod } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type {
  HealthCheck_PayloadSchema,
  HealthCheckSchema,
} from '@tulle/xds/gen/envoy/config/core/v3/health_check_pb.js';
import { CodecClientType } from '@tulle/xds/gen/envoy/type/v3/http_pb.js';
import { duration } from '../messages/duration.ts';
import type { Engine } from '../proxy.ts';
import type { ClusterRef } from './cluster-ref.ts';
import { outboundProtocol } from './http-protocol.ts';

type Cluster = MessageInitShape<typeof ClusterSchema>;
type HealthCheck = MessageInitShape<typeof HealthCheckSchema>;
type Payload = MessageInitShape<typeof HealthCheck_PayloadSchema>;

/** Of a policy that does not say. */
const defaults = { timeout: '1s', interval: '3s', unhealthyThreshold: 3, healthyThreshold: 1 } as const;

/** Active checks of a cluster's endpoints, as its HealthCheckPolicy asks; none without it. */
export function healthChecks(
  ref: ClusterRef,
  engine: Engine,
): Pick<Cluster, 'healthChecks' | 'ignoreHealthOnHostRemoval'> {
  const { healthCheck } = ref;
  if (healthCheck === undefined) return {};
  const { spec } = healthCheck;
  const check: HealthCheck = {
    ...time('timeout', spec.timeout ?? defaults.timeout),
    ...time('interval', spec.interval ?? defaults.interval),
    ...time('unhealthyInterval', spec.unhealthyInterval),
    ...time('noTrafficInterval', spec.noTrafficInterval),
    ...time('initialJitter', spec.initialJitter),
    ...time('intervalJitter', spec.intervalJitter),
    ...(spec.intervalJitterPercent && { intervalJitterPercent: spec.intervalJitterPercent }),
    unhealthyThreshold: spec.unhealthyThreshold ?? defaults.unhealthyThreshold,
    healthyThreshold: spec.healthyThreshold ?? defaults.healthyThreshold,
    ...(spec.reuseConnection !== undefined && { reuseConnection: spec.reuseConnection }),
    healthChecker: question(ref, spec, engine),
  };
  // What discovery takes away goes, whether it passes or not: an Envoy would keep what passes.
  return { healthChecks: [check], ignoreHealthOnHostRemoval: true };
}

type Duration = { seconds: bigint; nanos: number };

function time<K extends string>(field: K, written: string | undefined): Partial<Record<K, Duration>> {
  const value = duration(written);
  return (value === undefined ? {} : { [field]: value }) as Partial<Record<K, Duration>>;
}

function question(
  ref: ClusterRef,
  { http, tcp, grpc }: HealthCheckPolicySpec,
  engine: Engine,
): NonNullable<HealthCheck['healthChecker']> {
  // By default Envoy gives the cluster's name, which is no host name.
  const host = ref.service.host.replace(/^\*\./, '');
  if (grpc !== undefined)
    return {
      case: 'grpcHealthCheck',
      value: { serviceName: grpc.service ?? '', authority: grpc.authority ?? host },
    };
  if (http === undefined) {
    const { send, receive = [] } = tcp ?? {};
    return {
      case: 'tcpHealthCheck',
      value: { ...(send && { send: payload(send) }), receive: receive.map(payload) },
    };
  }
  return {
    case: 'httpHealthCheck',
    value: {
      host: http.hostname ?? host,
      path: http.path,
      ...(http.method && { method: RequestMethod[http.method] }),
      requestHeadersToAdd: (http.headers ?? []).map(({ name, value }) => ({ header: { key: name, value } })),
      expectedStatuses: ranges(http.expectedStatuses),
      retriableStatuses: ranges(http.retriableStatuses),
      ...(http.expectedResponse && { receive: [payload(http.expectedResponse)] }),
      ...(outboundProtocol(ref, engine) === 'http2' && { codecClientType: CodecClientType.HTTP2 }),
    },
  };
}

/** Envoy's ranges leave their end out. */
function ranges(written: readonly (string | number)[] = []): { start: bigint; end: bigint }[] {
  return written.flatMap((one) => {
    const range = parseStatuses(one);
    return range === undefined ? [] : [{ start: BigInt(range.first), end: BigInt(range.last + 1) }];
  });
}

/** Envoy's text is hexadecimal. */
function payload({ text, binary = '' }: { readonly text?: string; readonly binary?: string }): Payload {
  const bytes = text === undefined ? Buffer.from(binary, 'base64') : Buffer.from(text);
  return { payload: { case: 'text', value: bytes.toString('hex') } };
}
