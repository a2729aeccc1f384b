/** EnvoyFilter: routes and clusters of a host, patched. */
import { resource, subsets, virtualService } from '../documents.ts';
import type { Scenario } from '../scenario.ts';

const doc =
  'https://istio.io/latest/docs/reference/config/networking/envoy-filter/#EnvoyFilter-Patch-Operation';
const envoyFilter = (spec: string): string => resource('networking.istio.io/v1alpha3', 'EnvoyFilter', spec);
const host = 'context: SIDECAR_OUTBOUND, routeConfiguration: { vhost: { name: "$host:80"';

export const envoyFilters: readonly Scenario[] = [
  {
    title: 'EnvoyFilter: VIRTUAL_HOST MERGE adds a request header',
    doc,
    resources: [
      envoyFilter(`
        configPatches:
        - applyTo: VIRTUAL_HOST
          match: { ${host} } } }
          patch: { operation: MERGE, value: { request_headers_to_add: [{ header: { key: x-patched, value: 'yes' } }] } }
      `),
    ],
    steps: [{ expect: { seen: { 'x-patched': 'yes' } } }],
  },
  {
    title: 'EnvoyFilter: HTTP_ROUTE INSERT_FIRST answers before the other routes',
    doc,
    resources: [
      subsets(),
      virtualService('http: [{ name: all, route: [{ destination: { host: $host, subset: v1 } }] }]'),
      envoyFilter(`
        configPatches:
        - applyTo: HTTP_ROUTE
          match: { ${host} } } }
          patch:
            operation: INSERT_FIRST
            value: { name: teapot, match: { path: /tea }, direct_response: { status: 418 } }
      `),
    ],
    steps: [{ url: 'http://$host/tea', expect: { status: 418 } }, { expect: { status: 200 } }],
  },
  {
    title: 'EnvoyFilter: HTTP_ROUTE MERGE configures a filter for one route',
    doc,
    resources: [
      subsets(),
      virtualService(`
        http:
        - { name: fails, match: [{ uri: { prefix: /fails } }], route: [{ destination: { host: $host, subset: v1 } }] }
        - { name: all, route: [{ destination: { host: $host, subset: v1 } }] }
      `),
      envoyFilter(`
        configPatches:
        - applyTo: HTTP_ROUTE
          match: { ${host}, route: { name: fails } } } }
          patch:
            operation: MERGE
            value:
              typed_per_filter_config:
                envoy.filters.http.fault:
                  '@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
                  abort: { http_status: 509, percentage: { numerator: 100 } }
      `),
    ],
    steps: [{ url: 'http://$host/fails', expect: { status: 509 } }, { expect: { status: 200 } }],
  },
  {
    title: 'EnvoyFilter: CLUSTER ADD, and a route that leads there',
    doc,
    resources: [
      envoyFilter(`
        configPatches:
        - applyTo: CLUSTER
          patch: { operation: ADD, value: { name: $name.empty, type: STATIC, connect_timeout: 1s } }
        - applyTo: HTTP_ROUTE
          match: { ${host} } } }
          patch:
            operation: INSERT_FIRST
            value: { name: nowhere, match: { path: /nowhere }, route: { cluster: $name.empty } }
      `),
    ],
    steps: [{ url: 'http://$host/nowhere', expect: { status: 503 } }, { expect: { status: 200 } }],
  },
  {
    title: 'EnvoyFilter: rate_limits of a VIRTUAL_HOST, for a filter that is inserted',
    doc: 'https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/',
    resources: [
      envoyFilter(`
        configPatches:
        - applyTo: HTTP_FILTER
          match: { context: SIDECAR_OUTBOUND, proxy: { metadata: { NAME: client-0 } } }
          patch:
            operation: INSERT_FIRST
            value:
              name: $name.limit
              typed_config:
                '@type': type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit
                stat_prefix: patched
                stage: 9
                token_bucket: { max_tokens: 100000, tokens_per_fill: 100000, fill_interval: 3600s }
                filter_enabled: { default_value: { numerator: 100 } }
                filter_enforced: { default_value: { numerator: 100 } }
                descriptors:
                - entries: [{ key: generic_key, value: $name }]
                  token_bucket: { max_tokens: 2, tokens_per_fill: 2, fill_interval: 3600s }
        - applyTo: VIRTUAL_HOST
          match: { ${host} } } }
          patch:
            operation: MERGE
            value: { rate_limits: [{ stage: 9, actions: [{ generic_key: { descriptor_value: $name } }] }] }
      `),
    ],
    steps: [{ times: 4, expect: { status: { 200: 2, 429: 2 } } }],
  },
  {
    title: 'EnvoyFilter: HTTP_FILTER INSERT_FIRST of a Lua filter',
    doc: 'https://istio.io/latest/docs/reference/config/networking/envoy-filter/',
    resources: [
      envoyFilter(`
        configPatches:
        - applyTo: HTTP_FILTER
          match: { context: SIDECAR_OUTBOUND }
          patch:
            operation: INSERT_FIRST
            value:
              name: $name.lua
              typed_config:
                '@type': type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
                default_source_code:
                  inline_string: |
                    function envoy_on_request(handle) handle:headers():add("x-lua", "yes") end
      `),
    ],
    steps: [{ expect: { seen: { 'x-lua': 'yes' } } }],
    differs: {
      engine: 'tulle',
      because: 'Tulle’s own proxy runs no Lua: the patch is left out, and a condition says so',
      steps: [{ expect: { status: 200 } }],
    },
  },
];
