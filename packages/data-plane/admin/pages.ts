import { compileSearch, RegexError } from '@tulle/decision/regex';
import { flatStats, statsJson, statsText } from '../telemetry/envoy-stats.ts';
import { type MetricFilter, prometheusContentType, prometheusText } from '../telemetry/prometheus.ts';
import { certificatesJson } from './certs.ts';
import { clustersJson, clustersText } from './clusters.ts';
import { configDump } from './config-dump.ts';
import { type AdminAnswer, type AdminPage, json, text } from './page.ts';
import { resourcesJson } from './resources.ts';
import type { AdminSources } from './sources.ts';

/** Every path, in the order of the index. */
export const adminPages: readonly AdminPage[] = [
  { path: '/', method: 'GET', about: 'this page', answer: () => index() },
  { path: '/help', method: 'GET', about: 'this page as text', answer: () => text(help()) },
  {
    path: '/certs',
    method: 'GET',
    about: 'certificates in use',
    answer: (sources) => json(certificatesJson(sources.certificates(), Date.now())),
  },
  {
    path: '/clusters',
    method: 'GET',
    about: 'clusters and their endpoints; ?format=json',
    counts: true,
    answer: (sources, query) =>
      isJson(query) ? json(clustersJson(sources.clusters())) : text(clustersText(sources.clusters())),
  },
  {
    path: '/config_dump',
    method: 'GET',
    about: 'configuration in force, keys redacted; ?resource=',
    answer: (sources, query) => json(configDump(sources, query.get('resource') ?? undefined)),
  },
  {
    path: '/drain_listeners',
    method: 'POST',
    about: 'accept no more connections; ?graceful lets open ones finish',
    answer: (sources, query) => ({
      ...text('OK\n'),
      after: () => sources.drainListeners(query.has('graceful')),
    }),
  },
  { path: '/listeners', method: 'GET', about: 'bound listeners; ?format=json', answer: listeners },
  { path: '/memory', method: 'GET', about: 'memory of the process', answer: () => json(memory()) },
  {
    path: '/quitquitquit',
    method: 'POST',
    about: 'end the proxy',
    answer: (sources) => ({ ...text('OK\n'), after: sources.quit }),
  },
  {
    path: '/ready',
    method: 'GET',
    about: '200 when traffic may be sent here, else 503',
    answer: (sources) => text(`${sources.state()}\n`, sources.ready() ? 200 : 503),
  },
  {
    path: '/resources',
    method: 'GET',
    about: 'configuration as it was accepted: messages in base64, without secrets',
    answer: (sources) => json(resourcesJson(sources.resources())),
  },
  { path: '/server_info', method: 'GET', about: 'version, state, uptime, node', answer: serverInfo },
  {
    path: '/stats',
    method: 'GET',
    about: 'metrics; ?format=json|prometheus, ?filter=REGEX',
    counts: true,
    answer: stats,
  },
  {
    path: '/stats/prometheus',
    method: 'GET',
    about: "metrics in Prometheus' format; ?filter=REGEX",
    counts: true,
    answer: prometheus,
  },
];

function isJson(query: URLSearchParams): boolean {
  return query.get('format') === 'json';
}

function stats(sources: AdminSources, query: URLSearchParams): AdminAnswer {
  if (query.get('format') === 'prometheus') return prometheus(sources, query);
  return filtered(query, (wanted) => {
    const all = flatStats(sources.metrics, wanted);
    return isJson(query) ? json(statsJson(all)) : text(statsText(all));
  });
}

function prometheus(sources: AdminSources, query: URLSearchParams): AdminAnswer {
  return filtered(query, (wanted) => ({
    status: 200,
    type: prometheusContentType,
    body: prometheusText(sources.metrics, wanted),
  }));
}

/** `?filter=` matches anywhere in a name, as Envoy's. */
function filtered(query: URLSearchParams, answer: (wanted?: MetricFilter) => AdminAnswer): AdminAnswer {
  const filter = query.get('filter');
  if (filter === null || filter === '') return answer();
  try {
    return answer(compileSearch(filter));
  } catch (error) {
    if (error instanceof RegexError) return text(`Invalid regex: ${error.message}\n`, 400);
    throw error;
  }
}

function listeners(sources: AdminSources, query: URLSearchParams): AdminAnswer {
  const all = Array.from(sources.listeners(), ({ config, port }) => ({
    name: config.name,
    address: config.address,
    port,
  }));
  if (!isJson(query))
    return text(all.map(({ name, address, port }) => `${name}::${address}:${port}\n`).join(''));
  return json({
    listener_statuses: all.map(({ name, address, port }) => ({
      name,
      local_address: { socket_address: { address, port_value: port } },
    })),
  });
}

/** envoy.admin.v3.Memory, as far as V8 knows the like. */
function memory(): unknown {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    allocated: String(heapUsed + external),
    heap_size: String(heapTotal),
    external: String(external),
    array_buffers: String(arrayBuffers),
    total_physical_bytes: String(rss),
  };
}

function serverInfo(sources: AdminSources): AdminAnswer {
  const { version, uptimeMs, node } = sources.serverInfo();
  const uptime = `${Math.floor(uptimeMs / 1_000)}s`;
  return json({
    version,
    state: sources.state(),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    command_line_options: {},
    node,
  });
}

function help(): string {
  const width = Math.max(...adminPages.map(({ path }) => path.length));
  const lines = adminPages.map(
    ({ path, method, about }) => `  ${path.padEnd(width)}  ${about}${method === 'POST' ? ' (POST)' : ''}\n`,
  );
  return `admin commands are:\n${lines.join('')}`;
}

function index(): AdminAnswer {
  const rows = adminPages.map(({ path, method, about }) => {
    const link =
      method === 'GET'
        ? `<a href="${path}">${path}</a>`
        : `<form method="post" action="${path}"><button>${path}</button></form>`;
    return `<tr><td>${link}</td><td>${about}</td></tr>`;
  });
  return {
    status: 200,
    type: 'text/html; charset=UTF-8',
    body: `<!doctype html><title>Tulle proxy</title><h1>Tulle proxy</h1><table>${rows.join('')}</table>\n`,
  };
}
