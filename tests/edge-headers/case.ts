import type { JsonObject } from '@bufbuild/protobuf';

/** A field's expected value; null: the field must be absent. */
export type Expected = Readonly<Record<string, string | RegExp | null>>;

/** What one proxy makes of a request, and of its answer. */
export interface Outcome {
  /** Of the response; 200 unless said. */
  readonly status?: number;
  /** Fields that the upstream sees, and `:path`, `:authority`. Absent: the request must not reach it. */
  readonly upstream?: Expected;
  /** Fields that the client sees. */
  readonly downstream?: Expected;
}

/** One row: options of the edge, a request, what must come of it. */
export interface HygieneCase extends Outcome {
  readonly name: string;
  /** Fields of envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager, as JSON. */
  readonly manager?: JsonObject;
  /** Fields of envoy.config.route.v3.VirtualHost. */
  readonly virtualHost?: JsonObject;
  /** Fields of the one route's action, beside its cluster. */
  readonly action?: JsonObject;
  /** The route's prefix; `/` unless said. */
  readonly prefix?: string;
  /** The request target; `/` unless said. */
  readonly target?: string;
  /** Field lines, as they go out; `Host: edge.example` stands before them unless `host` says otherwise. */
  readonly request?: readonly string[];
  readonly host?: string;
  /** The client speaks TLS, and shows a certificate (`certificates.ts`) or none; plain text unless said. */
  readonly tls?: 'certificate' | 'certificate without URI' | 'no certificate';
  /** Field lines of the upstream's answer. */
  readonly response?: readonly string[];
  /** What Envoy makes of it, where we differ on purpose. */
  readonly envoy?: Outcome & { readonly because: string };
}
