import type { Messages } from '@tulle/xds/wire';
import { routerName } from '../listeners/http-manager.ts';
import { type Problems, read } from '../values/problems.ts';
import { bandwidthName, ownBandwidth, ownBandwidthName, translateBandwidth } from './bandwidth.ts';
import { corsName, corsPolicyName, translateCors } from './cors.ts';
import { faultName, translateFault } from './fault.ts';
import { globalRateLimitName, translateGlobalRateLimit } from './global-rate-limit.ts';
import type { FilterConfigReaders, FilterConfigSource } from './http-filter.ts';
import { localRateLimitName, translateLocalRateLimit } from './local-rate-limit.ts';
import { tokensName, translateTokens } from './tokens.ts';

const grpcStats = 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig';
const grpcWeb = 'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb';
const dynamicForwardProxy = 'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig';

/** The JSON of a TypedStruct; a filter of ours reads what it needs of it. */
const json = (source: FilterConfigSource): unknown => (source.kind === 'struct' ? source.value : {});

const message =
  (name: keyof Messages) =>
  (source: FilterConfigSource): unknown =>
    source.kind === 'message' ? read(name, source.bytes, source.at, source.problems) : undefined;

/** A message that becomes a table of our own. */
const table =
  <N extends keyof Messages>(
    name: N,
    translate: (message: Messages[N], path: string, problems: Problems) => unknown,
  ) =>
  (source: FilterConfigSource): unknown => {
    if (source.kind !== 'message') return undefined;
    const decoded = read(name, source.bytes, source.at, source.problems);
    return decoded && translate(decoded, source.at, source.problems);
  };

/** The filters of the proxy as it is: those that HTTP connection managers of our control plane have. */
export const filterReaders: FilterConfigReaders = new Map([
  ...([routerName, dynamicForwardProxy, grpcStats, grpcWeb, corsName] as const).map(
    (name) => [name, message(name)] as const,
  ),
  [faultName, table(faultName, translateFault)],
  [corsPolicyName, table(corsPolicyName, translateCors)],
  [bandwidthName, table(bandwidthName, translateBandwidth)],
  [ownBandwidthName, (source) => (source.kind === 'struct' ? ownBandwidth(source.value) : undefined)],
  [globalRateLimitName, table(globalRateLimitName, translateGlobalRateLimit)],
  [localRateLimitName, table(localRateLimitName, translateLocalRateLimit)],
  [tokensName, table(tokensName, translateTokens)],
  ['io.istio.http.peer_metadata.Config', json],
  ['stats.PluginConfig', json],
  ['tulle.dev.RateLimitFields', json],
]);
