/**
 * The messages that our proxy (and the ADS session of both sides) reads and writes, with the fields that
 * it knows; `generate-readers.ts` makes `gen/readers.js` of them.
 *
 * - `name`: read and acted upon.
 * - `~name`: understood to be harmless and skipped (statistics prefixes, hints for other proxies).
 * - a field of the proto that is not listed: reported by name when it is set, so that the proxy refuses the
 *   resource instead of doing something else than was asked.
 *
 * Well-known types need no entry: wrappers become optional scalars, Struct becomes JSON.
 */
const core = 'envoy.config.core.v3.';
const route = 'envoy.config.route.v3.';
const listener = 'envoy.config.listener.v3.';
const cluster = 'envoy.config.cluster.v3.';
const endpoint = 'envoy.config.endpoint.v3.';
const hcm = 'envoy.extensions.filters.network.http_connection_manager.v3.';
const tcp = 'envoy.extensions.filters.network.tcp_proxy.v3.';
const dns = 'envoy.extensions.filters.udp.dns_filter.v3.';
const tls = 'envoy.extensions.transport_sockets.tls.v3.';
const jwt = 'envoy.extensions.filters.http.jwt_authn.v3.';
const discovery = 'envoy.service.discovery.v3.';
const matcher = 'envoy.type.matcher.v3.';
const headersOnBoth =
  'request_headers_to_add request_headers_to_remove response_headers_to_add response_headers_to_remove';

export const proxyMessages: Readonly<Record<string, string>> = {
  // --- discovery -----------------------------------------------------------------------------------------
  [`${core}Node`]:
    'id cluster metadata locality user_agent_name user_agent_version ~client_features ~extensions ~user_agent_build_version ~listening_addresses ~dynamic_parameters',
  [`${core}Locality`]: 'region zone sub_zone',
  [`${discovery}DiscoveryRequest`]:
    'version_info node resource_names type_url response_nonce error_detail ~resource_locators',
  [`${discovery}DiscoveryResponse`]: 'version_info resources type_url nonce ~canary ~control_plane',
  [`${discovery}DeltaDiscoveryRequest`]:
    'node type_url resource_names_subscribe resource_names_unsubscribe initial_resource_versions response_nonce error_detail ~resource_locators_subscribe ~resource_locators_unsubscribe',
  [`${discovery}DeltaDiscoveryResponse`]:
    'system_version_info resources type_url removed_resources nonce ~control_plane ~removed_resource_names',
  [`${discovery}Resource`]: 'name version resource ~aliases ~ttl ~cache_control ~metadata ~resource_name',
  'google.rpc.Status': 'code message ~details',
  'google.protobuf.Any': 'type_url value',
  'google.protobuf.Duration': 'seconds nanos',
  'istio.v1.auth.IstioCertificateRequest': 'csr validity_duration metadata',
  'istio.v1.auth.IstioCertificateResponse': 'cert_chain',

  // --- common --------------------------------------------------------------------------------------------
  [`${core}Metadata`]: 'filter_metadata ~typed_filter_metadata',
  [`${core}Address`]: 'socket_address pipe',
  [`${core}SocketAddress`]: 'protocol address port_value ~resolver_name ipv4_compat',
  [`${core}Pipe`]: 'path mode',
  [`${core}ConfigSource`]: 'ads self ~resource_api_version ~initial_fetch_timeout',
  [`${core}AggregatedConfigSource`]: '',
  [`${core}SelfConfigSource`]: '~transport_api_version',
  [`${core}HeaderValueOption`]: 'header append append_action keep_empty_value',
  [`${core}HeaderValue`]: 'key value raw_value',
  [`${core}TransportSocket`]: '~name typed_config',
  [`${core}TypedExtensionConfig`]: 'name typed_config',
  [`${core}DataSource`]: 'filename inline_bytes inline_string',
  [`${core}HttpProtocolOptions`]:
    'idle_timeout max_connection_duration max_headers_count max_requests_per_connection headers_with_underscores_action',
  [`${core}CidrRange`]: 'address_prefix prefix_len',
  [`${core}Http1ProtocolOptions`]:
    'allow_absolute_url ~accept_http_10 ~enable_trailers ~header_key_format ~use_balsa_parser',
  [`${core}Http2ProtocolOptions`]:
    '~hpack_table_size max_concurrent_streams initial_stream_window_size initial_connection_window_size ~allow_connect ~max_outbound_frames ~max_outbound_control_frames ~override_stream_error_on_invalid_http_message connection_keepalive',
  [`${core}KeepaliveSettings`]: 'interval timeout ~interval_jitter ~connection_idle_interval',
  [`${core}RuntimeFractionalPercent`]: 'default_value ~runtime_key',
  [`${core}SubstitutionFormatString`]:
    'text_format json_format text_format_source omit_empty_values ~content_type ~json_format_options',
  'envoy.config.accesslog.v3.AccessLog': '~name typed_config',
  'envoy.extensions.access_loggers.file.v3.FileAccessLog':
    'path format json_format typed_json_format log_format',
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': 'log_format',
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': 'log_format',
  'envoy.type.v3.FractionalPercent': 'numerator denominator',
  'envoy.type.v3.Percent': 'value',
  'envoy.type.v3.Int64Range': 'start end',
  [`${matcher}RegexMatcher`]: 'regex ~google_re2',
  [`${matcher}StringMatcher`]: 'exact prefix suffix safe_regex contains ignore_case',
  [`${matcher}MetadataMatcher`]: 'filter path value invert',
  [`${matcher}MetadataMatcher.PathSegment`]: 'key',
  [`${matcher}ValueMatcher`]: 'string_match present_match list_match or_match',
  [`${matcher}ListMatcher`]: 'one_of',
  [`${matcher}OrMatcher`]: 'value_matchers',
  [`${matcher}RegexMatchAndSubstitute`]: 'pattern substitution',
  'xds.type.v3.TypedStruct': 'type_url value',
  'udpa.type.v1.TypedStruct': 'type_url value',

  // --- listeners -----------------------------------------------------------------------------------------
  [`${listener}Listener`]:
    'name address ~stat_prefix filter_chains default_filter_chain ~per_connection_buffer_limit_bytes metadata ~drain_type listener_filters listener_filters_timeout continue_on_listener_filters_timeout use_original_dst bind_to_port transparent traffic_direction ~tcp_backlog_size ~enable_reuse_port ~reuse_port ~connection_balance_config ~max_connections_to_accept_per_socket_event ~ignore_global_conn_limit ~bypass_overload_manager ~freebind',
  [`${listener}FilterChain`]:
    'filter_chain_match filters metadata transport_socket ~transport_socket_connect_timeout name',
  [`${listener}FilterChainMatch`]:
    'destination_port prefix_ranges server_names transport_protocol application_protocols source_prefix_ranges',
  [`${listener}Filter`]: 'name typed_config',
  [`${listener}ListenerFilter`]: 'name typed_config',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector':
    '~enable_ja3_fingerprinting ~initial_read_buffer_size',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector': '',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': '',
  [`${dns}DnsFilterConfig`]: '~stat_prefix server_config client_config',
  [`${dns}DnsFilterConfig.ServerContextConfig`]: 'inline_dns_table',
  [`${dns}DnsFilterConfig.ClientContextConfig`]: 'resolver_timeout max_pending_lookups',
  'envoy.data.dns.v3.DnsTable': '~external_retry_count virtual_domains ~known_suffixes',
  'envoy.data.dns.v3.DnsTable.DnsVirtualDomain': 'name endpoint answer_ttl',
  'envoy.data.dns.v3.DnsTable.DnsEndpoint': 'address_list',
  'envoy.data.dns.v3.DnsTable.AddressList': 'address',
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol':
    'allow_requests_without_proxy_protocol disallowed_versions ~stat_prefix',
  [`${hcm}HttpConnectionManager`]:
    'codec_type stat_prefix rds route_config http_filters ~add_user_agent common_http_protocol_options http_protocol_options http2_protocol_options server_name server_header_transformation max_request_headers_kb stream_idle_timeout request_timeout request_headers_timeout ~drain_timeout ~delayed_close_timeout access_log use_remote_address xff_num_trusted_hops skip_xff_append internal_address_config generate_request_id preserve_external_request_id always_set_request_id_in_response forward_client_cert_details set_current_client_cert_details ~proxy_100_continue upgrade_configs normalize_path merge_slashes path_with_escaped_slashes_action ~tracing ~request_id_extension ~stream_error_on_invalid_http_message strip_trailing_host_dot strip_matching_host_port strip_any_host_port via ~access_log_options append_x_forwarded_port',
  [`${hcm}HttpConnectionManager.InternalAddressConfig`]: 'cidr_ranges',
  [`${hcm}HttpConnectionManager.SetCurrentClientCertDetails`]: 'subject cert chain dns uri',
  [`${hcm}Rds`]: 'config_source route_config_name',
  [`${hcm}HttpFilter`]: 'name typed_config is_optional disabled',
  [`${hcm}HttpConnectionManager.UpgradeConfig`]: 'upgrade_type enabled',
  'envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig':
    '~dns_cache_config port_value',
  [`${tcp}TcpProxy`]:
    'stat_prefix cluster weighted_clusters idle_timeout max_downstream_connection_duration access_log max_connect_attempts hash_policy tunneling_config ~access_log_options ~access_log_flush_interval',
  'envoy.type.v3.HashPolicy': 'source_ip',
  'envoy.type.v3.HashPolicy.SourceIp': '',
  [`${tcp}TcpProxy.TunnelingConfig`]: 'hostname use_post',
  [`${tcp}TcpProxy.WeightedCluster`]: 'clusters',
  [`${tcp}TcpProxy.WeightedCluster.ClusterWeight`]: 'name weight',

  // --- routes --------------------------------------------------------------------------------------------
  [`${route}RouteConfiguration`]: `name virtual_hosts vhds ${headersOnBoth} ~validate_clusters ~max_direct_response_body_size_bytes ignore_port_in_host_matching ~metadata most_specific_header_mutations_wins`,
  [`${route}Vhds`]: 'config_source',
  [`${route}VirtualHost`]: `name domains routes ${headersOnBoth} typed_per_filter_config include_request_attempt_count include_attempt_count_in_response retry_policy rate_limits ~per_request_buffer_limit_bytes ~metadata require_tls`,
  [`${route}Route`]: `name match route redirect direct_response metadata ~decorator typed_per_filter_config ${headersOnBoth} stat_prefix ~tracing ~per_request_buffer_limit_bytes`,
  [`${route}RouteMatch`]:
    'prefix path safe_regex connect_matcher path_separated_prefix case_sensitive runtime_fraction headers query_parameters dynamic_metadata',
  [`${route}RouteMatch.ConnectMatcher`]: '',
  [`${route}HeaderMatcher`]:
    'name exact_match safe_regex_match range_match present_match prefix_match suffix_match contains_match string_match invert_match treat_missing_header_as_empty',
  [`${route}QueryParameterMatcher`]: 'name string_match present_match',
  [`${route}RouteAction`]:
    'cluster weighted_clusters cluster_not_found_response_code prefix_rewrite regex_rewrite host_rewrite_literal auto_host_rewrite append_x_forwarded_host timeout idle_timeout retry_policy request_mirror_policies priority rate_limits hash_policy max_grpc_timeout ~grpc_timeout_offset upgrade_configs max_stream_duration hedge_policy',
  [`${route}RouteAction.RequestMirrorPolicy`]: 'cluster runtime_fraction ~trace_sampled',
  [`${route}RouteAction.HashPolicy`]: 'header cookie connection_properties query_parameter terminal',
  [`${route}RouteAction.HashPolicy.Header`]: 'header_name',
  [`${route}RouteAction.HashPolicy.Cookie`]: 'name ttl path attributes',
  [`${route}RouteAction.HashPolicy.CookieAttribute`]: 'name value',
  [`${route}RouteAction.HashPolicy.ConnectionProperties`]: 'source_ip',
  [`${route}RouteAction.HashPolicy.QueryParameter`]: 'name',
  [`${route}RouteAction.UpgradeConfig`]: 'upgrade_type enabled connect_config',
  [`${route}RouteAction.UpgradeConfig.ConnectConfig`]: '~allow_post',
  [`${route}RouteAction.MaxStreamDuration`]:
    'max_stream_duration ~grpc_timeout_header_max ~grpc_timeout_header_offset',
  [`${route}WeightedCluster`]: 'clusters ~total_weight ~runtime_key_prefix',
  [`${route}WeightedCluster.ClusterWeight`]: `name weight ${headersOnBoth}`,
  [`${route}RedirectAction`]:
    'https_redirect scheme_redirect host_redirect port_redirect path_redirect prefix_rewrite regex_rewrite response_code strip_query',
  [`${route}DirectResponseAction`]: 'status body',
  [`${route}RetryPolicy`]:
    'retry_on num_retries per_try_timeout retry_host_predicate host_selection_retry_max_attempts retriable_status_codes retry_back_off retry_priority',
  [`${route}RetryPolicy.RetryBackOff`]: 'base_interval max_interval',
  [`${route}RetryPolicy.RetryPriority`]: 'name typed_config',
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig': 'update_frequency',
  [`${route}HedgePolicy`]: 'hedge_on_per_try_timeout ~initial_requests ~additional_request_chance',
  [`${route}RetryPolicy.RetryHostPredicate`]: 'name typed_config',

  // --- limits --------------------------------------------------------------------------------------------
  [`${route}RateLimit`]: 'stage disable_key actions',
  [`${route}RateLimit.Action`]:
    'request_headers remote_address generic_key header_value_match masked_remote_address metadata',
  [`${route}RateLimit.Action.RequestHeaders`]: 'header_name descriptor_key skip_if_absent',
  [`${route}RateLimit.Action.RemoteAddress`]: '',
  [`${route}RateLimit.Action.MetaData`]: 'descriptor_key metadata_key default_value source skip_if_absent',
  'envoy.type.metadata.v3.MetadataKey': 'key path',
  'envoy.type.metadata.v3.MetadataKey.PathSegment': 'key',
  [`${route}RateLimit.Action.GenericKey`]: 'descriptor_value descriptor_key',
  [`${route}RateLimit.Action.HeaderValueMatch`]: 'descriptor_value descriptor_key expect_match headers',
  [`${route}RateLimit.Action.MaskedRemoteAddress`]: 'v4_prefix_mask_len v6_prefix_mask_len',
  'envoy.type.v3.TokenBucket': 'max_tokens tokens_per_fill fill_interval',
  'envoy.type.v3.HttpStatus': 'code',
  'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit':
    'stat_prefix enable_mode limit_kbps ~fill_interval enable_response_trailers',
  'envoy.extensions.filters.http.ratelimit.v3.RateLimit':
    'domain stage ~request_type timeout failure_mode_deny rate_limited_as_resource_exhausted rate_limit_service enable_x_ratelimit_headers disable_x_envoy_ratelimited_header rate_limited_status response_headers_to_add status_on_error ~stat_prefix filter_enabled filter_enforced rate_limits enable_retry_after_header',
  'envoy.config.ratelimit.v3.RateLimitServiceConfig': 'grpc_service ~transport_api_version',
  [`${core}GrpcService`]: 'envoy_grpc timeout',
  [`${core}GrpcService.EnvoyGrpc`]: 'cluster_name ~authority',
  'envoy.service.ratelimit.v3.RateLimitRequest': 'domain descriptors hits_addend',
  'envoy.service.ratelimit.v3.RateLimitResponse':
    'overall_code statuses response_headers_to_add request_headers_to_add ~raw_body ~dynamic_metadata ~quota',
  'envoy.service.ratelimit.v3.RateLimitResponse.DescriptorStatus':
    'code current_limit limit_remaining duration_until_reset ~quota',
  'envoy.service.ratelimit.v3.RateLimitResponse.RateLimit': 'name requests_per_unit unit unit_multiplier',
  'envoy.extensions.common.ratelimit.v3.LocalRateLimitDescriptor': 'entries token_bucket',
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor': 'entries ~limit',
  'envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry': 'key value',
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit':
    'stat_prefix status token_bucket filter_enabled filter_enforced request_headers_to_add_when_not_enforced response_headers_to_add descriptors stage local_rate_limit_per_downstream_connection enable_x_ratelimit_headers ~vh_rate_limits always_consume_default_token_bucket rate_limited_as_resource_exhausted rate_limits max_dynamic_descriptors enable_retry_after_header',

  // --- clusters ------------------------------------------------------------------------------------------
  [`${cluster}Cluster`]:
    'transport_socket_matches name alt_stat_name type cluster_type eds_cluster_config connect_timeout ~per_connection_buffer_limit_bytes lb_policy load_assignment health_checks max_requests_per_connection circuit_breakers common_http_protocol_options http_protocol_options http2_protocol_options typed_extension_protocol_options dns_refresh_rate ~dns_failure_refresh_rate ~respect_dns_ttl ~dns_lookup_family ~typed_dns_resolver_config ~use_tcp_for_dns_lookups ~wait_for_warm_on_init outlier_detection ~cleanup_interval ring_hash_lb_config least_request_lb_config round_robin_lb_config maglev_lb_config common_lb_config transport_socket metadata upstream_connection_options ~close_connections_on_host_health_failure ~ignore_health_on_host_removal ~track_timeout_budgets ~track_cluster_stats preconnect_policy load_balancing_policy ~connection_pool_per_downstream_connection protocol_selection',
  [`${cluster}LoadBalancingPolicy`]: 'policies',
  [`${cluster}LoadBalancingPolicy.Policy`]: 'typed_extension_config',
  'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality': 'endpoint_picking_policy',
  'envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin':
    'blackout_period weight_expiration_period weight_update_period error_utilization_penalty metric_names_for_computing_utilization',
  'xds.data.orca.v3.OrcaLoadReport':
    'cpu_utilization mem_utilization ~rps request_cost utilization rps_fractional eps named_metrics application_utilization',
  [`${cluster}Cluster.CustomClusterType`]: 'name typed_config',
  [`${cluster}Cluster.PreconnectPolicy`]: 'per_upstream_preconnect_ratio ~predictive_preconnect_ratio',
  [`${cluster}Cluster.EdsClusterConfig`]: 'eds_config service_name',
  [`${cluster}Cluster.TransportSocketMatch`]: 'name match transport_socket',
  [`${cluster}Cluster.LeastRequestLbConfig`]: 'choice_count active_request_bias slow_start_config',
  [`${cluster}Cluster.RoundRobinLbConfig`]: 'slow_start_config',
  [`${cluster}Cluster.SlowStartConfig`]: 'slow_start_window aggression min_weight_percent',
  [`${cluster}Cluster.MaglevLbConfig`]: 'table_size',
  [`${core}RuntimeDouble`]: 'default_value ~runtime_key',
  [`${cluster}Cluster.RingHashLbConfig`]: 'minimum_ring_size maximum_ring_size ~hash_function',
  [`${cluster}Cluster.CommonLbConfig`]:
    'healthy_panic_threshold locality_weighted_lb_config zone_aware_lb_config ~update_merge_window ~close_connections_on_host_set_change ~ignore_new_hosts_until_first_hc ~consistent_hashing_lb_config',
  [`${cluster}Cluster.CommonLbConfig.LocalityWeightedLbConfig`]: '',
  [`${cluster}Cluster.CommonLbConfig.ZoneAwareLbConfig`]: 'routing_enabled min_cluster_size',
  [`${cluster}CircuitBreakers`]: 'thresholds',
  [`${cluster}CircuitBreakers.Thresholds`]:
    'priority max_connections max_pending_requests max_requests max_retries retry_budget ~track_remaining ~max_connection_pools',
  [`${cluster}CircuitBreakers.Thresholds.RetryBudget`]:
    'budget_percent min_retry_concurrency budget_interval',
  [`${cluster}UpstreamConnectionOptions`]: 'tcp_keepalive ~set_local_interface_name_on_upstream_connections',
  [`${core}TcpKeepalive`]: 'keepalive_probes keepalive_time keepalive_interval',
  [`${cluster}OutlierDetection`]:
    'consecutive_5xx interval base_ejection_time max_ejection_percent enforcing_consecutive_5xx ~enforcing_success_rate consecutive_gateway_failure enforcing_consecutive_gateway_failure split_external_local_origin_errors consecutive_local_origin_failure ~enforcing_local_origin_success_rate enforcing_consecutive_local_origin_failure max_ejection_time always_eject_one_host successful_active_health_check_uneject_host',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions':
    'common_http_protocol_options explicit_http_config use_downstream_protocol_config auto_config ~upstream_http_protocol_options outlier_detection',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.OutlierDetection': 'error_matcher',
  'envoy.config.common.matcher.v3.MatchPredicate': 'http_response_headers_match',
  'envoy.config.common.matcher.v3.HttpHeadersMatch': 'headers',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig':
    'http_protocol_options http2_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig':
    '~http_protocol_options http2_protocol_options',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig':
    '~http_protocol_options http2_protocol_options',
  'envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig':
    '~dns_cache_config ~allow_insecure_cluster_options ~allow_coalesced_connections',

  [`${core}HealthCheck`]:
    'timeout interval initial_jitter interval_jitter interval_jitter_percent unhealthy_threshold healthy_threshold reuse_connection http_health_check tcp_health_check grpc_health_check no_traffic_interval no_traffic_healthy_interval unhealthy_interval unhealthy_edge_interval healthy_edge_interval ~event_log_path ~event_logger ~event_service ~always_log_health_check_failures ~always_log_health_check_success',
  [`${core}HealthCheck.Payload`]: 'text binary',
  [`${core}HealthCheck.HttpHealthCheck`]:
    'host path receive response_buffer_size request_headers_to_add request_headers_to_remove expected_statuses retriable_statuses codec_client_type method',
  [`${core}HealthCheck.TcpHealthCheck`]: 'send receive',
  [`${core}HealthCheck.GrpcHealthCheck`]: 'service_name authority initial_metadata',

  // --- endpoints -----------------------------------------------------------------------------------------
  [`${endpoint}ClusterLoadAssignment`]: 'cluster_name endpoints ~policy',
  [`${endpoint}LocalityLbEndpoints`]:
    'locality ~metadata lb_endpoints load_balancing_weight priority ~proximity',
  [`${endpoint}LbEndpoint`]: 'endpoint health_status metadata load_balancing_weight',
  [`${endpoint}Endpoint`]: 'address ~hostname health_check_config',
  [`${endpoint}Endpoint.HealthCheckConfig`]: 'port_value hostname address disable_active_health_check',

  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport':
    'config transport_socket',
  [`${core}ProxyProtocolConfig`]: 'version',

  // --- TLS -----------------------------------------------------------------------------------------------
  [`${tls}DownstreamTlsContext`]:
    'common_tls_context require_client_certificate disable_stateless_session_resumption ~disable_stateful_session_resumption session_timeout ~ocsp_staple_policy ~full_scan_certs_on_sni_mismatch',
  [`${tls}UpstreamTlsContext`]:
    'common_tls_context sni ~allow_renegotiation max_session_keys ~enforce_rsa_key_usage',
  [`${tls}CommonTlsContext`]:
    'tls_params tls_certificate_sds_secret_configs validation_context validation_context_sds_secret_config combined_validation_context alpn_protocols',
  [`${tls}CommonTlsContext.CombinedCertificateValidationContext`]:
    'default_validation_context validation_context_sds_secret_config',
  [`${tls}TlsParameters`]:
    'tls_minimum_protocol_version tls_maximum_protocol_version cipher_suites ecdh_curves ~signature_algorithms',
  [`${tls}CertificateValidationContext`]:
    'trusted_ca crl match_typed_subject_alt_names match_subject_alt_names verify_certificate_spki verify_certificate_hash trust_chain_verification ~max_verify_depth',
  [`${tls}SubjectAltNameMatcher`]: 'san_type matcher',
  [`${tls}SdsSecretConfig`]: 'name sds_config',
  [`${tls}Secret`]: 'name tls_certificate validation_context',
  [`${tls}TlsCertificate`]: 'certificate_chain private_key',

  // --- HTTP filters --------------------------------------------------------------------------------------
  'envoy.extensions.filters.http.router.v3.Router':
    '~dynamic_stats ~start_child_span suppress_envoy_headers ~respect_expected_rq_timeout ~suppress_grpc_request_failure_code_stats',
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig':
    '~emit_filter_state ~stats_for_all_methods ~enable_upstream_stats',
  'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb': '',
  'envoy.extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig':
    '~dns_cache_config ~save_upstream_address',

  'envoy.extensions.filters.http.fault.v3.HTTPFault':
    'delay abort ~delay_percent_runtime ~abort_percent_runtime ~delay_duration_runtime ~abort_http_status_runtime ~max_active_faults_runtime ~response_rate_limit_percent_runtime ~abort_grpc_status_runtime ~disable_downstream_cluster_stats ~filter_metadata',
  'envoy.extensions.filters.http.fault.v3.FaultAbort': 'http_status grpc_status percentage',
  'envoy.extensions.filters.common.fault.v3.FaultDelay': 'fixed_delay percentage',
  'envoy.extensions.filters.http.cors.v3.Cors': '',
  'envoy.extensions.filters.http.cors.v3.CorsPolicy':
    'allow_origin_string_match allow_methods allow_headers expose_headers max_age allow_credentials filter_enabled ~shadow_enabled allow_private_network_access forward_not_matching_preflights',

  // --- tokens --------------------------------------------------------------------------------------------
  [`${jwt}JwtAuthentication`]: 'providers rules bypass_cors_preflight strip_failure_response',
  [`${jwt}JwtProvider`]:
    'issuer audiences local_jwks forward from_headers from_params from_cookies forward_payload_header pad_forward_payload_header payload_in_metadata normalize_payload_in_metadata clock_skew_seconds ~jwt_cache_config claim_to_headers clear_route_cache',
  [`${jwt}JwtProvider.NormalizePayload`]: 'space_delimited_claims',
  [`${jwt}JwtHeader`]: 'name value_prefix',
  [`${jwt}JwtClaimToHeader`]: 'header_name claim_name',
  [`${jwt}RequirementRule`]: 'match requires',
  [`${jwt}JwtRequirement`]: 'provider_name requires_any requires_all allow_missing allow_missing_or_failed',
  [`${jwt}JwtRequirementOrList`]: 'requirements',
  [`${jwt}JwtRequirementAndList`]: 'requirements',
  'google.protobuf.Empty': '',

  // --- who calls -----------------------------------------------------------------------------------------
  'istio.workload.Workload':
    'namespace trust_domain service_account canonical_name canonical_revision workload_name cluster_id',
};
