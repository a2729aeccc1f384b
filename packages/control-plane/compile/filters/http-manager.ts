import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FilterSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { RouteConfigurationSchema } from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManager_ForwardClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
} from '@tulle/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { FilterConfigSchema as SniForwardSchema } from '@tulle/xds/gen/envoy/extensions/filters/network/sni_dynamic_forward_proxy/v3/sni_dynamic_forward_proxy_pb.js';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import { dnsCache } from '../clusters/outbound-cluster.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { ads } from '../messages/config-source.ts';
import { none } from '../messages/duration.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import { accessLogs } from './access-log.ts';
import { httpFilters, type Side } from './http-filters.ts';
import type { ManagerLimits } from './limits/manager-limits.ts';
import type { ManagerTokens } from './tokens/manager-tokens.ts';

export type NetworkFilter = MessageInitShape<typeof FilterSchema>;

export interface HttpManagerOptions {
  readonly side: Side;
  readonly statPrefix: string;
  /** A table by RDS, or one that stands in the listener. */
  readonly routes: string | MessageInitShape<typeof RouteConfigurationSchema>;
  /** Connections are mTLS between sidecars: the peer's identity is passed on. */
  readonly peerTls: boolean;
  /** CONNECT is understood: an HTTP proxy. */
  readonly connect: boolean;
  /** gRPC-Web is understood. */
  readonly grpcWeb: boolean;
  /** Whose tokens are verified; none where applications call others. */
  readonly tokens?: ManagerTokens;
  readonly limits: ManagerLimits;
}

const { APPEND_FORWARD, SANITIZE } = HttpConnectionManager_ForwardClientCertDetails;

interface PathHandling {
  readonly normalizePath: boolean;
  readonly mergeSlashes?: boolean;
  readonly pathWithEscapedSlashesAction?: HttpConnectionManager_PathWithEscapedSlashesAction;
}
/** Istio's names for what Envoy does with paths. */
const paths: Readonly<Record<MeshSettings['pathNormalization'], PathHandling>> = {
  NONE: { normalizePath: false },
  BASE: { normalizePath: true },
  MERGE_SLASHES: { normalizePath: true, mergeSlashes: true },
  DECODE_AND_MERGE_SLASHES: {
    normalizePath: true,
    mergeSlashes: true,
    pathWithEscapedSlashesAction: HttpConnectionManager_PathWithEscapedSlashesAction.UNESCAPE_AND_FORWARD,
  },
};

/**
 * Istio's task "request timeouts": an application may say limits of its own (`x-envoy-upstream-rq-timeout-ms`). An
 * Envoy believes only whom it counts as internal, by a remote address that it looks at, and nobody who says `x-forwarded-for`. A
 * trusted hop that is not there keeps what the application says of its clients. Our engine believes the application anyway.
 */
const applicationIsOurs = {
  useRemoteAddress: true,
  skipXffAppend: true,
  xffNumTrustedHops: 1,
  preserveExternalRequestId: true,
  internalAddressConfig: {
    unixSockets: true,
    cidrRanges: ['0.0.0.0', '::'].map((addressPrefix) => ({ addressPrefix, prefixLen: 0 })),
  },
};

const managers = new WeakMap<MeshSettings, Map<string, NetworkFilter>>();

/** Envoy's HTTP connection manager with Istio's settings. Those of one table are made once. */
export function httpManager(mesh: MeshSettings, engine: Engine, options: HttpManagerOptions): NetworkFilter {
  const { side, statPrefix, routes, peerTls, connect, grpcWeb, tokens, limits } = options;
  if (typeof routes !== 'string') return makeManager(mesh, engine, options);
  const made = cached(managers, mesh, () => new Map<string, NetworkFilter>());
  const key = [engine, side, statPrefix, routes, peerTls, connect, grpcWeb, tokens?.key, limits.key].join(
    ' ',
  );
  return cachedByName(made, key, () => makeManager(mesh, engine, options));
}

function makeManager(mesh: MeshSettings, engine: Engine, options: HttpManagerOptions): NetworkFilter {
  const { side, statPrefix, routes, peerTls, connect, grpcWeb, tokens, limits } = options;
  const isGateway = side === 'gateway';
  const behind = isGateway ? mesh.gateways.trustedProxies : 0;
  const forwardClientCertDetails = isGateway
    ? HttpConnectionManager_ForwardClientCertDetails[mesh.gateways.clientCertificate]
    : peerTls
      ? APPEND_FORWARD
      : SANITIZE;
  const value = any(HttpConnectionManagerSchema, {
    codecType: HttpConnectionManager_CodecType.AUTO,
    // WebSockets travel as extended CONNECT (RFC 8441).
    http2ProtocolOptions: { allowConnect: true },
    statPrefix,
    routeSpecifier:
      typeof routes === 'string'
        ? { case: 'rds', value: { configSource: ads, routeConfigName: routes } }
        : { case: 'routeConfig', value: routes },
    httpFilters: httpFilters(side, engine, grpcWeb, tokens?.filters, limits.filters),
    accessLog: accessLogs(mesh),
    // A gateway is the edge: addresses and identities that clients claim are not believed.
    useRemoteAddress: isGateway,
    ...(behind > 0 && { xffNumTrustedHops: behind }),
    ...(side === 'outbound' && engine === 'envoy' && applicationIsOurs),
    forwardClientCertDetails,
    ...(forwardClientCertDetails !== SANITIZE && {
      setCurrentClientCertDetails: { subject: true, dns: isGateway, cert: isGateway, uri: true },
    }),
    upgradeConfigs: [...(connect ? [{ upgradeType: 'CONNECT' }] : []), { upgradeType: 'websocket' }],
    ...paths[mesh.pathNormalization],
    // Istio: long polls and streams are the application's to end.
    streamIdleTimeout: none,
    ...(isGateway
      ? { serverName: 'tulle' }
      : { serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH }),
  });
  return extension('envoy.filters.network.http_connection_manager', value);
}

/** Before a TCP proxy: its connections go where the server name of their TLS leads. */
export const serverNameForward = (port: number): NetworkFilter =>
  extension(
    'envoy.filters.network.sni_dynamic_forward_proxy',
    any(SniForwardSchema, {
      dnsCacheConfig: dnsCache,
      portSpecifier: { case: 'portValue', value: port },
    }),
  );
