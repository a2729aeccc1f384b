/** The form of a row: resources, what is sent, and what must come of it. */

export type Engine = 'tulle' | 'envoy';

/** A field's expected value; null: the field must be absent. */
export type Fields = Readonly<Record<string, string | RegExp | null>>;

/**
 * One row. In its texts these words stand for values of its own:
 *
 * `$name` name of its service in namespace `traffic`; `$host` that service's full name; `$edge` a host name for
 * gateways; `$outside` a host name for ServiceEntries; `$port`, `$port2` free ports; `$http`, `$https`, `$h2c`, `$tcp`,
 * `$tls` ports of applications outside the mesh (`$http2nd`, `$tls2nd` of a second one, whose certificate is revoked), `$limiter`
 * that of a rate limit service; `$eastwest` where `network-2` is entered; `$far` where the sidecar of what runs there takes HTTP; `$certs` a folder of certificates, `$hash`
 * and `$spki` the digests of the certificate `visitor` in it, and of its key.
 */
export interface Scenario {
  readonly title: string;
  /** Where Istio (or Envoy, where Istio is silent) says so. */
  readonly doc: string;
  /** YAML documents; namespace `traffic` unless they say another. */
  readonly resources: readonly string[];
  readonly steps: readonly Step[];
  /** Steps of one engine that differ, and why they may. */
  readonly differs?: { readonly engine: Engine; readonly because: string; readonly steps: readonly Step[] };
}

export type Step = HttpStep | TcpStep;

/** Who sends: the name of a sidecar (`clients.ts`), or the gateway. */
export type From =
  | 'client'
  | 'other'
  | 'declared'
  | 'near'
  | 'neighbour'
  | 'scoped'
  | 'networked'
  | 'gateway';

/** Requests one after the other. */
export interface HttpStep {
  readonly kind?: 'http' | 'http2' | 'grpc' | 'websocket';
  /** Documents that are applied before the first of them: resources anew, or as they are from now on. */
  readonly applies?: readonly string[];
  readonly from?: From;
  readonly method?: string;
  /** `http://$host/` unless said. At the gateway `https:` is its port 443. */
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How often; 1 unless said. */
  readonly times?: number;
  /** So many at a time; one after the other unless said, eight for shares. */
  readonly together?: number;
  /** What came before has its effect a moment later (Envoy tells its workers of health once a second): asked again until it has. */
  readonly settles?: boolean;
  /** What the applications do with it. */
  readonly behave?: Behaviour;
  /** Port of the gateway, where it is neither 80 nor 443. */
  readonly port?: string;
  /** What the client shows to a TLS gateway: the name of a pair in `$certs`. */
  readonly certificate?: string;
  readonly offers?: TlsOffer;
  /** Waits so long before each. */
  readonly pauseMs?: number;
  readonly expect: HttpExpectation;
}

/** What of TLS a client can do, as node:tls names it; all that node can unless said. */
export interface TlsOffer {
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers?: string;
  readonly ecdhCurve?: string;
  readonly ALPNProtocols?: readonly string[];
}

/** What an application does with the requests of a step, told to it in a header. */
export interface Behaviour {
  /** Answers so, instead of 200. */
  readonly status?: number;
  /** Only the first so many attempts of each request are treated so. */
  readonly first?: number;
  /** Only this version treats them so. */
  readonly only?: string;
  /** Waits so long before it answers. */
  readonly delayMs?: number;
  /** Closes the connection instead of an answer. */
  readonly reset?: boolean;
  /** Header fields of the answer. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Of a gRPC call; 0 unless said. */
  readonly grpcStatus?: number;
  /** Length of the answer's body, instead of the usual line. */
  readonly bodyBytes?: number;
}

export interface HttpExpectation {
  /** Of every answer; 200 unless said. A map: how many of each, exactly. */
  readonly status?: number | Readonly<Record<number, number>>;
  readonly headers?: Fields;
  readonly body?: string | RegExp;
  /** Of each answer's body. */
  readonly bodyBytes?: number;
  readonly grpcStatus?: number;
  /** The one version that answered all. */
  readonly version?: string;
  /** Share of each version, held to five standard deviations of the binomial distribution. */
  readonly shares?: Readonly<Record<string, number>>;
  /** Share of each status, held in the same way. */
  readonly statusShares?: Readonly<Record<number, number>>;
  /** One version is new since the step began, and gets more and more. */
  readonly warming?: Warming;
  /** How many versions answered; 1: all came to the same. */
  readonly versions?: number;
  /** What the application saw of the last request; `:method`, `:path`, `:authority` and `:version` (of HTTP) too. */
  readonly seen?: Fields;
  /** The same of the last request that a version saw. */
  readonly seenBy?: Readonly<Record<string, Fields>>;
  /** How many requests reached applications, retries and mirrored ones too; a list: between the two, inclusive. */
  readonly received?: number | readonly [number, number];
  /** Of one version. */
  readonly receivedBy?: Readonly<Record<string, number | readonly [number, number]>>;
  /** Over how many connections the requests came to applications. */
  readonly connections?: number;
  /** How many versions the requests came to, repeated ones too. */
  readonly receivers?: number;
  /** Every answer took at least so long. */
  readonly atLeastMs?: number;
  /** The slowest of the answers took at least so long. */
  readonly slowestAtLeastMs?: number;
  /** Envoy's response flags in the sender's access log. */
  readonly flags?: string;
  /** Whom the sender sent each to, `address:port`. */
  readonly upstream?: string | RegExp;
  /** The connection was closed, or TLS refused, instead of an answer. */
  readonly refused?: boolean;
}

/** How an endpoint beside an old one of the same weight comes to its share. */
export interface Warming {
  readonly version: string;
  readonly seconds: number;
  readonly minimumPercent: number;
  readonly aggression: number;
}

/** Bytes over a connection: a line is sent, an application says its version and the line. */
export interface TcpStep {
  readonly kind: 'tcp' | 'tls';
  readonly from?: From;
  /** `$host:83`; at the gateway `:$port`, with an address before it where the server binds another than 127.0.0.1. */
  readonly to: string;
  /** Address that the client connects from; 127.0.0.1 unless said. */
  readonly source?: string;
  /** Server name that the client asks for. */
  readonly sni?: string;
  readonly certificate?: string;
  readonly offers?: TlsOffer;
  readonly times?: number;
  /** Each connection stays open until all have had their turn. */
  readonly held?: true;
  readonly expect: {
    readonly version?: string;
    readonly shares?: Readonly<Record<string, number>>;
    /** How many versions answered. */
    readonly versions?: number;
    readonly line?: RegExp;
    /** What the application saw as server name. */
    readonly sni?: string;
    /** The gateway's own certificate, by its common name. */
    readonly certificate?: string;
    readonly refused?: boolean;
    /** So many got an answer, the others were closed. */
    readonly served?: number;
    /** After its answer the connection is closed from the other side, at so many milliseconds at the earliest. */
    readonly closedAfterMs?: number;
  };
}

export const isBytes = (step: Step): step is TcpStep => step.kind === 'tcp' || step.kind === 'tls';

/** Bytes need a port of their own, so whom they go to is declared. */
export const senderOf = (step: Step): From => step.from ?? (isBytes(step) ? 'declared' : 'client');
