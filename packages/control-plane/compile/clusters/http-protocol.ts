import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { Http2ProtocolOptionsSchema } from '@tulle/xds/gen/envoy/config/core/v3/protocol_pb.js';
import { HttpProtocolOptionsSchema } from '@tulle/xds/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import type { PolicySettings } from '../../model/istio.ts';
import type { Protocol } from '../../model/services/protocol.ts';
import { isForwarded } from '../../model/services/service.ts';
import { duration } from '../messages/duration.ts';
import { any } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import type { ClusterRef } from './cluster-ref.ts';

type Cluster = MessageInitShape<typeof ClusterSchema>;
type Http2ProtocolOptions = MessageInitShape<typeof Http2ProtocolOptionsSchema>;
type UpstreamOptions = NonNullable<
  MessageInitShape<typeof HttpProtocolOptionsSchema>['upstreamProtocolOptions']
>;

/** What a cluster speaks. `auto`: by ALPN; `downstream`: what the request came by. */
export type HttpProtocol = 'http1' | 'http2' | 'auto' | 'downstream';

/**
 * What a proxy speaks to a service's endpoints. Between sidecars HTTP/1.1 requests travel by HTTP/2 where the
 * other side agrees (docs/decisions/0010): only our engine can leave that to ALPN while the same cluster has
 * endpoints without TLS, which an Envoy refuses.
 */
export function outboundProtocol({ service, port, settings }: ClusterRef, engine: Engine): HttpProtocol {
  const { h2UpgradePolicy, useClientProtocol } = settings.connectionPool?.http ?? {};
  if (useClientProtocol === true) return 'downstream';
  const declared = applicationProtocol(port.protocol);
  if (declared !== 'http1') return declared;
  if (h2UpgradePolicy === 'UPGRADE') return 'http2';
  const mode = settings.tls?.mode ?? (service.external ? 'DISABLE' : 'ISTIO_MUTUAL');
  const negotiates = engine === 'tulle' && mode === 'ISTIO_MUTUAL' && !isForwarded(service);
  return negotiates && h2UpgradePolicy !== 'DO_NOT_UPGRADE' ? 'auto' : 'http1';
}

/** What an application behind a port of this protocol is spoken to. */
export function applicationProtocol(protocol: Protocol): HttpProtocol {
  switch (protocol) {
    case 'http2':
    case 'grpc':
    case 'grpc-web':
      return 'http2';
    case 'unspecified':
      return 'downstream';
    default:
      return 'http1';
  }
}

const extensionName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** A peer that takes longer for the answer to a PING is gone. */
const pingTimeout = { seconds: 5n, nanos: 0 };

/** The protocol of a cluster, and how long its connections live. */
export function httpOptions(
  protocol: HttpProtocol,
  settings: PolicySettings = {},
): Pick<Cluster, 'typedExtensionProtocolOptions'> {
  const { maxConnectionDuration, idleTimeout: idleOfTcp } = settings.connectionPool?.tcp ?? {};
  const { idleTimeout = idleOfTcp, maxRequestsPerConnection } = settings.connectionPool?.http ?? {};
  const common = {
    ...(maxConnectionDuration && { maxConnectionDuration: duration(maxConnectionDuration) }),
    ...(idleTimeout && { idleTimeout: duration(idleTimeout) }),
    ...(maxRequestsPerConnection && { maxRequestsPerConnection }),
  };
  const value = any(HttpProtocolOptionsSchema, {
    ...(Object.keys(common).length > 0 && { commonHttpProtocolOptions: common }),
    upstreamProtocolOptions: upstreamOptions(protocol, http2Options(settings)),
    ...outlierErrors(settings),
  });
  return { typedExtensionProtocolOptions: { [extensionName]: value } };
}

/** Answers that outlier detection counts besides 5xx. */
function outlierErrors({ outlierDetection }: PolicySettings) {
  const codes = outlierDetection?.outlierDetectionHttpErrorCodes ?? [];
  if (codes.length === 0) return {};
  const regex = ['5[0-9][0-9]', ...codes].join('|');
  const headers = [
    {
      name: ':status',
      headerMatchSpecifier: {
        case: 'stringMatch' as const,
        value: { matchPattern: { case: 'safeRegex' as const, value: { regex } } },
      },
    },
  ];
  const rule = { case: 'httpResponseHeadersMatch' as const, value: { headers } };
  return { outlierDetection: { errorMatcher: { rule } } };
}

function http2Options({ connectionPool }: PolicySettings): Http2ProtocolOptions {
  const { maxConcurrentStreams, http2KeepAlive } = connectionPool?.http ?? {};
  const interval = duration(http2KeepAlive?.interval);
  return {
    // WebSockets travel as extended CONNECT (RFC 8441).
    allowConnect: true,
    ...(maxConcurrentStreams && { maxConcurrentStreams }),
    ...(interval && {
      connectionKeepalive: { interval, timeout: duration(http2KeepAlive?.timeout) ?? pingTimeout },
    }),
  };
}

function upstreamOptions(protocol: HttpProtocol, http2: Http2ProtocolOptions): UpstreamOptions {
  const httpProtocolOptions = {};
  const http2ProtocolOptions = http2;
  switch (protocol) {
    case 'http1':
      return {
        case: 'explicitHttpConfig',
        value: { protocolConfig: { case: 'httpProtocolOptions', value: httpProtocolOptions } },
      };
    case 'http2':
      return {
        case: 'explicitHttpConfig',
        value: { protocolConfig: { case: 'http2ProtocolOptions', value: http2ProtocolOptions } },
      };
    case 'auto':
      return { case: 'autoConfig', value: { httpProtocolOptions, http2ProtocolOptions } };
    case 'downstream':
      return { case: 'useDownstreamProtocolConfig', value: { httpProtocolOptions, http2ProtocolOptions } };
  }
}
