/** What an HTTP connection manager believes of its clients, and what it says of itself. All names are Envoy's. */
export interface EdgeRules {
  readonly client: ClientRules;
  readonly requestId: RequestIdRules;
  readonly path: PathRules;
  readonly host: HostRules;
  readonly clientCertificate: ClientCertificateRules;
  readonly server: ServerRules;
  /** Appended to `via`, both ways (RFC 9110 section 7.6.3); undefined: nothing. */
  readonly via?: string;
  /** headers_with_underscores_action: backends that turn `-` into `_` would take one field for another. */
  readonly underscores: 'allow' | 'drop' | 'reject';
  /** max_headers_count. Envoy's default: 100. */
  readonly maxFields: number;
}

export interface ClientRules {
  /** use_remote_address: this is the edge; what clients claim of themselves is not believed. */
  readonly useRemoteAddress: boolean;
  /** xff_num_trusted_hops: proxies in front of us whose x-forwarded-for is believed. */
  readonly trustedHops: number;
  /** Not skip_xff_append. */
  readonly appendForwardedFor: boolean;
  /** append_x_forwarded_port */
  readonly appendForwardedPort: boolean;
  /** internal_address_config: clients that count as our own. Envoy's default: none. */
  readonly internalRanges: readonly AddressRange[];
}

/** A CIDR range. */
export interface AddressRange {
  readonly address: string;
  readonly prefixLength: number;
}

export interface RequestIdRules {
  /** generate_request_id */
  readonly generate: boolean;
  /** preserve_external_request_id: an edge keeps an id from outside. */
  readonly preserveExternal: boolean;
  /** always_set_request_id_in_response */
  readonly inResponse: boolean;
}

export interface PathRules {
  /** normalize_path */
  readonly normalize: boolean;
  /** merge_slashes */
  readonly mergeSlashes: boolean;
  /** path_with_escaped_slashes_action: what `%2F` and `%5C` in a path do. */
  readonly escapedSlashes: 'keep' | 'reject' | 'redirect' | 'forward';
}

export interface HostRules {
  /** strip_matching_host_port (the listener's own), strip_any_host_port */
  readonly stripPort: 'never' | 'matching' | 'any';
  /** strip_trailing_host_dot */
  readonly stripTrailingDot: boolean;
}

/** forward_client_cert_details and set_current_client_cert_details, for x-forwarded-client-cert. */
export interface ClientCertificateRules {
  readonly mode: 'sanitize' | 'forward-only' | 'append-forward' | 'sanitize-set' | 'always-forward-only';
  /** What is said of a certificate beside By and Hash. */
  readonly details: readonly ('cert' | 'subject' | 'uri' | 'dns')[];
}

/** server_header_transformation */
export interface ServerRules {
  readonly name: string;
  readonly when: 'always' | 'if-absent' | 'never';
}
