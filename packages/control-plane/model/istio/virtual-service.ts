import type { Destination, StringMatch, StringMatches, Strings } from './common.ts';

export interface VirtualServiceSpec {
  readonly hosts?: readonly string[] | undefined;
  readonly gateways?: readonly string[] | undefined;
  readonly exportTo?: readonly string[] | undefined;
  readonly http?: readonly HttpRouteSpec[] | undefined;
  readonly tls?: readonly TlsRouteSpec[] | undefined;
  readonly tcp?: readonly TcpRouteSpec[] | undefined;
}

export interface HttpMatch {
  readonly name?: string | undefined;
  readonly uri?: StringMatch | undefined;
  readonly scheme?: StringMatch | undefined;
  readonly method?: StringMatch | undefined;
  readonly authority?: StringMatch | undefined;
  readonly headers?: StringMatches | undefined;
  readonly withoutHeaders?: StringMatches | undefined;
  readonly queryParams?: StringMatches | undefined;
  readonly ignoreUriCase?: boolean | undefined;
  readonly port?: number | undefined;
  readonly sourceLabels?: Strings | undefined;
  readonly sourceNamespace?: string | undefined;
  readonly gateways?: readonly string[] | undefined;
  readonly statPrefix?: string | undefined;
}

export interface HeaderOperations {
  readonly set?: Strings | undefined;
  readonly add?: Strings | undefined;
  readonly remove?: readonly string[] | undefined;
}
export interface HeaderRules {
  readonly request?: HeaderOperations | undefined;
  readonly response?: HeaderOperations | undefined;
}

export interface HttpDestination {
  readonly destination: Destination;
  readonly weight?: number | undefined;
  readonly headers?: HeaderRules | undefined;
}

export interface HttpRedirect {
  readonly uri?: string | undefined;
  readonly prefixRewrite?: string | undefined;
  readonly authority?: string | undefined;
  readonly port?: number | undefined;
  readonly derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT' | undefined;
  readonly scheme?: string | undefined;
  readonly redirectCode?: number | undefined;
}

export interface HttpRetry {
  readonly attempts?: number | undefined;
  readonly perTryTimeout?: string | undefined;
  readonly retryOn?: string | undefined;
  readonly retryIgnorePreviousHosts?: boolean | null | undefined;
  readonly retryRemoteLocalities?: boolean | null | undefined;
  readonly backoff?: string | undefined;
}

export interface Percent {
  readonly value?: number | undefined;
}

export interface HttpFault {
  readonly delay?:
    | {
        readonly fixedDelay?: string | undefined;
        readonly percentage?: Percent | undefined;
        readonly percent?: number | undefined;
      }
    | undefined;
  readonly abort?:
    | {
        readonly httpStatus?: number | undefined;
        readonly grpcStatus?: string | undefined;
        readonly percentage?: Percent | undefined;
      }
    | undefined;
}

export interface CorsPolicySpec {
  readonly allowOrigin?: readonly string[] | undefined;
  readonly allowOrigins?: readonly StringMatch[] | undefined;
  readonly allowMethods?: readonly string[] | undefined;
  readonly allowHeaders?: readonly string[] | undefined;
  readonly exposeHeaders?: readonly string[] | undefined;
  readonly maxAge?: string | undefined;
  readonly allowCredentials?: boolean | null | undefined;
  readonly unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE' | undefined;
}

export interface HttpRouteSpec {
  readonly name?: string | undefined;
  readonly match?: readonly HttpMatch[] | undefined;
  readonly route?: readonly HttpDestination[] | undefined;
  readonly redirect?: HttpRedirect | undefined;
  readonly directResponse?:
    | {
        readonly status: number;
        readonly body?:
          | { readonly string?: string | undefined; readonly bytes?: string | undefined }
          | undefined;
      }
    | undefined;
  readonly delegate?:
    | { readonly name?: string | undefined; readonly namespace?: string | undefined }
    | undefined;
  readonly rewrite?:
    | {
        readonly uri?: string | undefined;
        readonly authority?: string | undefined;
        readonly uriRegexRewrite?:
          | { readonly match?: string | undefined; readonly rewrite?: string | undefined }
          | undefined;
      }
    | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: HttpRetry | undefined;
  readonly fault?: HttpFault | undefined;
  readonly corsPolicy?: CorsPolicySpec | undefined;
  readonly headers?: HeaderRules | undefined;
  readonly mirror?: Destination | undefined;
  readonly mirrorPercentage?: Percent | undefined;
  readonly mirrorPercent?: number | null | undefined;
  readonly mirror_percent?: number | null | undefined;
  readonly mirrors?:
    | readonly { readonly destination: Destination; readonly percentage?: Percent | undefined }[]
    | undefined;
}

export interface RouteDestination {
  readonly destination: Destination;
  readonly weight?: number | undefined;
}

export interface L4Match {
  readonly destinationSubnets?: readonly string[] | undefined;
  readonly sourceSubnet?: string | undefined;
  readonly port?: number | undefined;
  readonly sourceLabels?: Strings | undefined;
  readonly sourceNamespace?: string | undefined;
  readonly gateways?: readonly string[] | undefined;
}
export interface TcpRouteSpec {
  readonly match?: readonly L4Match[] | undefined;
  readonly route?: readonly RouteDestination[] | undefined;
}
export interface TlsMatch extends L4Match {
  readonly sniHosts: readonly string[];
}
export interface TlsRouteSpec {
  readonly match: readonly TlsMatch[];
  readonly route?: readonly RouteDestination[] | undefined;
}
