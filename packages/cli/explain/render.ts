import type {
  ExplainedCluster,
  ExplainedEndpoint,
  ExplainedError,
  ExplainedOutcome,
  ExplainedRoute,
  Explanation,
} from '@tulle/data-plane/explain/explanation';
import { grpcStatusName } from '@tulle/resources/istio/virtual-service/grpc-status';
import type { Origin } from '@tulle/xds/resource';
import type { Palette } from '../output/color.ts';
import { fold } from '../output/fold.ts';
import { renderTable } from '../output/table.ts';
import { formatPlace, type Locate } from './mesh-files.ts';

const indent = ' '.repeat(14);

/** Istio's virtual hosts for what no other has, and what they mean. */
const catchAll: Readonly<Record<string, readonly string[]>> = {
  allow_any: ['no service that it may call has this host: it passes through'],
  block_all: ['no service that it may call has this host: REGISTRY_ONLY refuses it'],
};

/** An explanation for people, in lines of at most 80 columns. */
export function renderExplanation(of: Explanation, from: string, locate: Locate, paint: Palette): string {
  const { request, listener, virtualHost, route, filters } = of;
  const what =
    request.kind === 'http'
      ? `${request.method} ${request.authority}${request.path}`
      : `${request.kind.toUpperCase()} ${request.authority}`;
  const lines = [...fold(`${what}  from ${from}`, 80).map(paint.bold), ''];
  const section = (name: string, ...content: readonly string[]): void => {
    content
      .flatMap((line) => fold(line, 80 - indent.length))
      .forEach((line, at) => {
        lines.push(`${at === 0 ? paint.cyan(name.padEnd(indent.length)) : indent}${line}`.trimEnd());
      });
  };
  const origins = (some: readonly Origin[]): string[] =>
    originLines(some, locate).map((line) => paint.dim(line));

  const place = listener.port === 0 ? listener.address : `${listener.address}:${listener.port}`;
  const { tls } = listener;
  section(
    'Listener',
    `${listener.name}  ${paint.dim(place)}`,
    ...chainLines(of, paint),
    ...(tls === undefined || tls.clientCertificate === 'not asked for'
      ? []
      : [`the client’s certificate is ${tls.clientCertificate}`]),
    ...(tls?.reason === undefined ? [] : [paint.red(tls.reason), ...origins(tls.origins ?? [])]),
  );
  if (route !== undefined) {
    const where =
      virtualHost === undefined
        ? []
        : [`in ${virtualHost.routeConfiguration}`, ...(catchAll[virtualHost.name] ?? [])];
    section(
      'Virtual host',
      virtualHost?.name ?? paint.red(`none is for host ${request.authority}`),
      ...where.map(paint.dim),
    );
    if (virtualHost !== undefined) section('Routes', ...routeLines(route, origins, paint));
    const then = policyLines(route);
    if (then.length > 0) section('Then', ...then);
  }
  const active = filters.filter(({ verdict }) => verdict !== 'looks at responses only');
  if (active.length > 0)
    section(
      'Filters',
      ...fold(
        active
          .map(
            ({ name, verdict, says }) =>
              `${shortFilter(name)} ${verdict}${says === undefined ? '' : ` (${says})`}`,
          )
          .join(' · '),
        66,
      ),
    );
  const { whenLimited = [] } = of;
  if (whenLimited.length > 0)
    section(
      'Limits',
      ...whenLimited.map((one) => {
        const why = one.flags.includes('RLSE') ? 'not answered' : 'used up';
        return `${why}: ${statusText(one)} (${one.flags.join(',')})`;
      }),
    );
  lines.push('');
  const many = of.outcomes.length > 1;
  if (of.outcomes.length === 0 && of.error !== undefined)
    lines.push(...fold(`→ ${of.error.message}`, 78).map(paint.red), '');
  for (const outcome of of.outcomes) lines.push(...outcomeLines(outcome, many, origins, paint));
  return `${lines.join('\n')}\n`;
}

/** What is to be known before an explanation is believed. */
export function renderNotes(notes: readonly string[], paint: Palette): string {
  const lines = notes.flatMap((text) =>
    fold(`! ${text}`, 78).map((line, at) => (at === 0 ? line : `  ${line}`)),
  );
  return lines.map((line) => `${paint.yellow(line)}\n`).join('');
}

/** What became of a request, before what becomes of it now. */
export function renderHappened(
  happened: {
    readonly at?: string;
    readonly status: number;
    readonly flags: string;
    readonly cluster: string;
    readonly endpoint: string;
  },
  paint: Palette,
): string {
  const { at = '', status, flags, cluster, endpoint } = happened;
  const to = cluster === '' ? '' : ` from ${cluster}${endpoint === '' ? '' : ` at ${endpoint}`}`;
  return fold(`${at} was answered ${status}${flags === '' ? '' : ` (${flags})`}${to}`.trim(), 78)
    .map((line) => `${paint.yellow(line)}\n`)
    .join('');
}

function chainLines({ listener, error }: Explanation, paint: Palette): string[] {
  const { filterChains } = listener;
  if (filterChains.length < 2 && error?.details !== 'filter_chain_not_found') return [];
  return filterChains.map(({ name, chosen, reason }) =>
    chosen
      ? `${paint.green('✓')} chain ${name || 'unnamed'}`
      : paint.dim(`✗ chain ${name || 'unnamed'}: ${reason ?? ''}`),
  );
}

type Origins = (some: readonly Origin[]) => string[];

function routeLines({ tried, tunnel }: ExplainedRoute, origins: Origins, paint: Palette): string[] {
  if (tried.length === 0) return [paint.red('it has none')];
  // Every service has a route for CONNECT: who asks for something else need not be told.
  const told = tried.filter(({ matches, match }) => matches || tunnel || match[0] !== 'method is CONNECT');
  const lines = told.flatMap(({ name, matches, match, reason = '', origins: from }) => {
    const mark = matches ? paint.green('✓') : paint.red('✗');
    const why = matches ? match.join(', ') : reason;
    const title = name === '' || name === 'default' ? '' : `${name}: `;
    const [first = '', ...rest] = fold(`${title}${why}`, 62);
    return [
      `${mark} ${first}`,
      ...rest.map((line) => `  ${line}`),
      ...origins(from).map((line) => `  ${line}`),
    ];
  });
  if (tunnel) lines.push('a CONNECT tunnel: bytes as they are');
  return tried.at(-1)?.matches ? lines : [...lines, paint.red('none matches')];
}

function policyLines(route: ExplainedRoute): string[] {
  const { timeoutMs, idleTimeoutMs, retries, mirrors = [], hashPolicy } = route;
  if (timeoutMs === undefined) return [];
  const parts = [
    timeoutMs === 0 ? 'no timeout' : `timeout ${duration(timeoutMs)}`,
    ...(idleTimeoutMs === undefined ? [] : [`idle ${duration(idleTimeoutMs)}`]),
    ...(retries === undefined
      ? ['no retries']
      : [
          `${retries.attempts} ${retries.attempts === 1 ? 'retry' : 'retries'} on ${[...retries.on, ...retries.statuses].join(', ')}`,
          ...(retries.perTryTimeoutMs === 0 ? [] : [`${duration(retries.perTryTimeoutMs)} per try`]),
          ...(retries.hedged ? ['late tries go on beside the next'] : []),
        ]),
    ...mirrors.map(({ cluster, share }) => `${percent(share)} mirrored to ${cluster}`),
    ...(hashPolicy === undefined ? [] : [`hashed by ${hashPolicy.join(', ')}`]),
  ];
  return fold(parts.join(' · '), 66);
}

function outcomeLines(outcome: ExplainedOutcome, many: boolean, origins: Origins, paint: Palette): string[] {
  const { share, by, cluster, endpoints = [], directResponse, error, delayMs, upstream, response } = outcome;
  const lines: string[] = [];
  const head = many ? `${percent(share).padEnd(8)}` : '→ ';
  const pad = ' '.repeat(head.length);
  const push = (text: string): void => {
    for (const line of fold(text, 80 - pad.length))
      lines.push(`${lines.length === 0 ? paint.bold(head) : pad}${line}`.trimEnd());
  };
  if (directResponse !== undefined) {
    const { location, body } = directResponse;
    push(
      paint.yellow(
        `${statusText(directResponse)}${location === undefined ? '' : ` to ${location}`} from the proxy itself`,
      ),
    );
    if (body !== undefined) push(paint.dim(JSON.stringify(body.slice(0, 60))));
  } else if (cluster !== undefined) push(error === undefined ? cluster.name : paint.red(cluster.name));
  if (error !== undefined) {
    const flags = error.flags.length === 0 ? '' : ` (${error.flags.join(',')})`;
    push(paint.red(`${statusText(error)}${flags}: ${error.message}`));
  }
  if (cluster !== undefined) for (const line of origins(cluster.origins)) push(line);
  if (by.length > 0) push(paint.dim(by.join(', ')));
  if (delayMs !== undefined) push(`after ${duration(delayMs)}`);
  for (const line of [...upstreamLines(upstream), ...responseLines(response)]) push(line);
  if (cluster !== undefined)
    for (const line of error === undefined
      ? endpointLines(cluster, endpoints, origins)
      : failingLines(endpoints))
      push(line);
  lines.push('');
  return lines;
}

const statusText = ({ status, grpcStatus }: Pick<ExplainedError, 'status' | 'grpcStatus'>): string =>
  `${status ?? 'closed'}${grpcStatus === undefined ? '' : `, gRPC status ${grpcStatus} ${grpcStatusName(grpcStatus)}`.trimEnd()}`;

function upstreamLines(upstream: ExplainedOutcome['upstream']): string[] {
  if (upstream === undefined) return [];
  const { authority, path, setHeaders, removedHeaders } = upstream;
  return [
    ...(path === undefined ? [] : [`path becomes ${path}`]),
    ...(authority === undefined ? [] : [`host becomes ${authority}`]),
    ...Object.entries(setHeaders).map(([name, value]) => `header ${name}: ${value}`),
    ...removedHeaders.map((name) => `header ${name} removed`),
  ];
}

function responseLines(response: ExplainedOutcome['response']): string[] {
  if (response === undefined) return [];
  const { setHeaders, addedHeaders, removedHeaders } = response;
  return [
    ...Object.entries(setHeaders).map(([name, value]) => `response header ${name}: ${value}`),
    ...Object.entries(addedHeaders).map(([name, value]) => `response header ${name}: ${value}, one more`),
    ...removedHeaders.map((name) => `response header ${name} removed`),
  ];
}

function endpointLines(
  { balancer, limits }: ExplainedCluster,
  endpoints: readonly ExplainedEndpoint[],
  origins: Origins,
): string[] {
  const [only] = endpoints;
  if (only === undefined) return [];
  if (balancer === 'cluster-provided') return [`to ${only.address}, ${only.security}`];
  const named = endpoints.some(({ workload, through }) => (workload ?? through) !== undefined);
  const rows = endpoints.map(({ address, through, health, failing, active, security, chance, ...one }) => [
    percent(chance),
    ...(named ? [through === undefined ? (one.workload ?? '') : `network ${through.network}`] : []),
    address,
    failing ?? health,
    security,
    ...(active === undefined || active === 0 ? [] : [`${active} under way`]),
  ]);
  const table = renderTable(
    [{ title: '', align: 'right' }, ...['', '', '', '', ''].map((title) => ({ title }))],
    rows,
    { width: 72 },
  );
  return [
    ...limitLines(limits),
    `${balancer} over`,
    ...table.split('\n').slice(1, -1),
    ...throughLines(endpoints, origins),
  ];
}

/** What stands for endpoints of other networks, once each. */
function throughLines(endpoints: readonly ExplainedEndpoint[], origins: Origins): string[] {
  const gateways = endpoints.flatMap(({ through }) => through ?? []);
  const distinct = new Map(gateways.map((one) => [`${one.network} ${one.gateway ?? ''}`, one]));
  return [...distinct.values()].flatMap(({ network, gateway = 'of meshNetworks', origins: from }) => [
    `through gateway ${gateway} of network ${network}`,
    ...origins(from),
  ]);
}

/** Whom a cluster has when it serves nobody, and what speaks against each. */
function failingLines(endpoints: readonly ExplainedEndpoint[]): string[] {
  if (endpoints.length === 0) return ['it has no endpoint: nobody serves it, or its name has no address'];
  const rows = endpoints.map(({ address, workload = '', health, failing }) => [
    address,
    workload,
    failing ?? health,
  ]);
  return renderTable(
    ['', '', ''].map((title) => ({ title })),
    rows,
    { width: 72 },
  )
    .split('\n')
    .slice(1, -1);
}

/** Envoy's figure for "any number", which Istio's default is for all four. */
const unlimited = 2 ** 32 - 1;

function limitLines(limits: ExplainedCluster['limits']): string[] {
  if (limits === undefined) return [];
  const { connections, pending, requests, retries } = limits;
  const told = [
    [connections, 'connection', 'connections'],
    [requests, 'request', 'requests'],
    [pending, 'waiting', 'waiting'],
    [retries, 'retry', 'retries'],
  ] as const;
  const parts = told.flatMap(([limit, one, many]) =>
    limit < unlimited ? [`${limit} ${limit === 1 ? one : many}`] : [],
  );
  return parts.length === 0 ? [] : [`at most ${parts.join(', ')} at a time`];
}

/** `envoy.filters.http.fault` ⇒ `fault`. */
const shortFilter = (name: string): string => name.replace(/^envoy\.filters\.http\./, '');

function originLines(origins: readonly Origin[], locate: Locate): string[] {
  return exactest(origins).flatMap((origin) => {
    const { kind, namespace, name, path } = origin;
    const place = locate(origin);
    const what = [`${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`, path]
      .filter((part) => part !== '')
      .join(' ');
    if (place === undefined) return [what];
    const where = formatPlace(place);
    return what.length + where.length < 60 ? [`${what}  ${where}`] : [what, where];
  });
}

/** A resource as a whole is left out where a field of it is named. */
const exactest = (origins: readonly Origin[]): readonly Origin[] =>
  origins.filter(
    ({ kind, namespace, name, path }) =>
      path !== '' ||
      !origins.some(
        (one) => one.path !== '' && one.kind === kind && one.namespace === namespace && one.name === name,
      ),
  );

const percent = (share: number): string => `${Number((share * 100).toFixed(share < 0.1 ? 1 : 0))} %`;

const duration = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);
