import { X509Certificate } from 'node:crypto';
import { humanDuration } from '@tulle/control-plane/api/shapes/human-duration';
import { formatAuthority } from '@tulle/decision/authority';
import { at, type Json, list, text } from '../api/config-dump.ts';

/** Rows of the tables of `tulle proxy-config`, one function per table. */
export interface ConfigTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function listenerTable(listeners: readonly Json[]): ConfigTable {
  const rows = listeners.flatMap((listener) => {
    const address = socketAddress(at(listener, 'address', 'socket_address'));
    const chains = [...list(listener, 'filter_chains'), ...optional(at(listener, 'default_filter_chain'))];
    return chains.map((chain) => [
      text(listener, 'name'),
      address,
      chainMatch(chain),
      chainTarget(chain),
      origin(listener),
    ]);
  });
  return { columns: ['LISTENER', 'ADDRESS', 'MATCH', 'TO', 'FROM'], rows: sorted(rows) };
}

export function routeTable(routes: readonly Json[]): ConfigTable {
  const rows = routes.flatMap((config) =>
    list(config, 'virtual_hosts').flatMap((host) =>
      list(host, 'routes').map((route) => [
        text(config, 'name'),
        shortDomains(at(host, 'domains')),
        routeMatch(at(route, 'match')),
        routeAction(route),
        origin(route) || origin(host),
      ]),
    ),
  );
  // Routes of one host stay in their order: the first that matches wins.
  return { columns: ['ROUTE', 'DOMAINS', 'MATCH', 'TO', 'FROM'], rows };
}

export function clusterTable(clusters: readonly Json[]): ConfigTable {
  const rows = clusters.map((cluster) => {
    const name = text(cluster, 'name');
    const [direction, port, subset, host] = name.split('|');
    const type =
      text(cluster, 'type') ||
      text(cluster, 'cluster_type', 'name').replace('envoy.clusters.', '').toUpperCase();
    const where =
      host === undefined
        ? [name, '-', '-', '-']
        : [host || 'this workload', port ?? '', subset || '-', direction ?? ''];
    return [...where, type, clusterTls(cluster), origin(cluster)];
  });
  return { columns: ['SERVICE', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'TLS', 'FROM'], rows: sorted(rows) };
}

/** What the cluster's connections are: the safest of what its endpoints may be spoken to by. */
function clusterTls(cluster: Json): string {
  const sockets = [
    at(cluster, 'transport_socket'),
    ...list(cluster, 'transport_socket_matches').map((match) => at(match, 'transport_socket')),
  ].map(socketTls);
  return ['mTLS', 'TLS'].find((kind) => sockets.includes(kind)) ?? 'plain';
}

function socketTls(socket: unknown): string {
  // Of a PROXY header: what comes after it.
  const inner = at(socket, 'typed_config', 'transport_socket');
  if (inner !== undefined) return socketTls(inner);
  const tls = at(socket, 'typed_config', 'common_tls_context');
  if (tls === undefined) return 'plain';
  const certificates = ['tls_certificate_sds_secret_configs', 'tls_certificates'];
  return certificates.some((field) => list(tls, field).length > 0) ? 'mTLS' : 'TLS';
}

/** Of `/clusters?format=json`. */
export function endpointTable(clusters: unknown): ConfigTable {
  const rows = list(clusters, 'cluster_statuses').flatMap((cluster) =>
    list(cluster, 'host_statuses').map((host) => [
      // An Envoy's agent is reached by a Unix socket.
      socketAddress(at(host, 'address', 'socket_address')) || text(host, 'address', 'pipe', 'path'),
      health(at(host, 'health_status')),
      text(host, 'weight') || '1',
      stat(host, 'rq_active'),
      stat(host, 'rq_total'),
      stat(host, 'rq_error'),
      text(cluster, 'name'),
    ]),
  );
  return { columns: ['ENDPOINT', 'HEALTH', 'WEIGHT', 'ACTIVE', 'REQUESTS', 'ERRORS', 'CLUSTER'], rows };
}

/** Of `/certs`, which has no names, and the config dump's secrets, which have. What neither names is the proxy's own. */
export function secretTable(secrets: readonly Json[], certs: unknown, now: number): ConfigTable {
  const names = new Map(
    secrets.flatMap((secret) => serialsOf(secret).map((serial) => [serial, text(secret, 'name')])),
  );
  const named = (cert: Json, own: string): string =>
    names.get(text(cert, 'serial_number').toLowerCase()) ?? own;
  const rows = list(certs, 'certificates').flatMap((certificate) => [
    ...list(certificate, 'ca_cert').map((cert) =>
      certificateRow(named(cert, 'ROOTCA'), 'trust bundle', cert, now),
    ),
    ...list(certificate, 'cert_chain')
      .slice(0, 1)
      .map((cert) => certificateRow(named(cert, 'default'), 'certificate', cert, now)),
  ]);
  // The bundle stands in /certs once per secret that trusts it.
  const shown = rows.filter((row, at) => rows.findIndex((other) => other.join() === row.join()) === at);
  const known = new Set(rows.map(([name]) => name));
  const others = secrets
    .filter((secret) => !known.has(text(secret, 'name')))
    .map((secret) => [
      text(secret, 'name'),
      at(secret, 'secret', 'tls_certificate') === undefined ? 'trust bundle' : 'certificate',
      '',
      '',
      '',
    ]);
  return { columns: ['SECRET', 'TYPE', 'IDENTITY', 'SERIAL', 'EXPIRES IN'], rows: [...shown, ...others] };
}

/** Serial numbers of the certificates that a secret of the config dump holds: its own, or the roots. Lower-case hex. */
function serialsOf(entry: Json): string[] {
  const chain = inline(at(entry, 'secret', 'tls_certificate', 'certificate_chain')).slice(0, 1);
  const roots = inline(at(entry, 'secret', 'validation_context', 'trusted_ca'));
  return [...chain, ...roots].flatMap((pem) => {
    try {
      return [new X509Certificate(pem).serialNumber.toLowerCase()];
    } catch {
      return [];
    }
  });
}

/** The PEM blocks of a DataSource. */
function inline(source: unknown): string[] {
  const bytes = text(source, 'inline_bytes');
  const pem = bytes === '' ? text(source, 'inline_string') : Buffer.from(bytes, 'base64').toString();
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function certificateRow(name: string, type: string, cert: Json, now: number): string[] {
  const identity = list(cert, 'subject_alt_names')
    .map((san) => text(san, 'uri') || text(san, 'dns'))
    .join(', ');
  const expires = Date.parse(text(cert, 'expiration_time'));
  return [
    name,
    type,
    identity,
    text(cert, 'serial_number').slice(0, 16),
    Number.isNaN(expires) ? '' : expires <= now ? 'expired' : humanDuration(expires - now),
  ];
}

function chainMatch(chain: Json): string {
  const match = at(chain, 'filter_chain_match');
  const names = at(match, 'server_names');
  const parts = [
    Array.isArray(names) ? `SNI ${names.join(',')}` : '',
    text(match, 'transport_protocol'),
    Array.isArray(at(match, 'application_protocols'))
      ? `ALPN ${(at(match, 'application_protocols') as unknown[]).join(',')}`
      : '',
  ];
  return parts.filter((part) => part !== '').join(' ') || 'any';
}

function chainTarget(chain: Json): string {
  for (const filter of list(chain, 'filters')) {
    const config = at(filter, 'typed_config');
    const route = text(config, 'rds', 'route_config_name');
    if (route !== '') return `route ${route}`;
    const inline = text(config, 'route_config', 'name');
    if (inline !== '') return `inline route ${inline}`;
    const cluster = text(config, 'cluster');
    if (cluster !== '') return shortCluster(cluster);
  }
  return '';
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local` ⇒ `reviews.default.svc.cluster.local:9080 v1`. */
function shortCluster(name: string): string {
  const [direction, port, subset, host] = name.split('|');
  if (host === undefined) return name;
  if (direction === 'inbound') return `this workload:${port}`;
  return `${host}:${port}${subset === '' ? '' : ` ${subset}`}`;
}

/** The first domain and how many more: `reviews.default.svc.cluster.local:9080 +6`. */
function shortDomains(domains: unknown): string {
  if (!Array.isArray(domains)) return '';
  return domains.length > 1 ? `${domains[0]} +${domains.length - 1}` : String(domains[0] ?? '');
}

function routeMatch(match: unknown): string {
  const path =
    (text(match, 'prefix') && `${text(match, 'prefix')}*`) ||
    text(match, 'path') ||
    (text(match, 'path_separated_prefix') && `${text(match, 'path_separated_prefix')}/*`) ||
    (text(match, 'safe_regex', 'regex') && `~${text(match, 'safe_regex', 'regex')}`) ||
    (at(match, 'connect_matcher') === undefined ? '' : 'CONNECT');
  const headers = list(match, 'headers').map((header) => {
    const string = at(header, 'string_match');
    const value = ['exact', 'prefix', 'suffix', 'contains']
      .map((kind) => text(string, kind))
      .find((one) => one !== '');
    const wanted = value ?? text(string, 'safe_regex', 'regex');
    return `${text(header, 'invert_match') === 'true' ? '!' : ''}${text(header, 'name')}${wanted === '' ? '' : `=${wanted}`}`;
  });
  const query = list(match, 'query_parameters').map((parameter) => `?${text(parameter, 'name')}`);
  return [path, ...headers, ...query].filter((part) => part !== '').join(' ');
}

function routeAction(route: Json): string {
  const weighted = list(at(route, 'route', 'weighted_clusters'), 'clusters');
  if (weighted.length > 0)
    return weighted.map((one) => `${shortCluster(text(one, 'name'))} ${text(one, 'weight')}%`).join(', ');
  const cluster = text(route, 'route', 'cluster');
  if (cluster !== '') return shortCluster(cluster);
  if (at(route, 'redirect') !== undefined) return 'redirect';
  const status = text(route, 'direct_response', 'status');
  return status === '' ? '' : `answers ${status}`;
}

function health(status: unknown): string {
  const flags = ['failed_active_health_check', 'failed_outlier_check', 'pending_dynamic_removal'].filter(
    (flag) => at(status, flag) === true,
  );
  return [text(status, 'eds_health_status') || 'HEALTHY', ...flags].join(' ');
}

function stat(host: Json, name: string): string {
  const found = list(host, 'stats').find((one) => text(one, 'name') === name);
  return found === undefined ? '0' : text(found, 'value') || '0';
}

function socketAddress(address: unknown): string {
  const host = text(address, 'address');
  return host === '' ? '' : formatAuthority(host, Number(text(address, 'port_value')));
}

/** `VirtualService reviews`: the resource that it was compiled from. */
function origin(value: Json): string {
  const [first] = list(at(value, 'metadata', 'filter_metadata', 'tulle.dev/origin'), 'origins');
  return first === undefined ? '' : `${text(first, 'kind')} ${text(first, 'name')}`;
}

function optional(value: unknown): Json[] {
  return typeof value === 'object' && value !== null ? [value as Json] : [];
}

function sorted(rows: string[][]): string[][] {
  return rows.sort((a, b) => a.join('\0').localeCompare(b.join('\0'), 'en', { numeric: true }));
}
