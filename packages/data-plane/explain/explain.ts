import { Headers } from '@tulle/decision/headers';
import type { FilterChain } from '@tulle/decision/tables/listener';
import type { DownstreamTls } from '@tulle/decision/tables/tls';
import type { Origin } from '@tulle/xds/resource';
import { describeFilter } from '../filters/index.ts';
import { flagMeaning } from '../telemetry/response-flags.ts';
import { type Call, destinationOf } from './call.ts';
import type { LiveClusters } from './configured.ts';
import type { Decision, Outcome, Routing, RuledOut } from './decision.ts';
import type { DryProxy, FilterVisit } from './dry-proxy.ts';
import { endpointChances } from './endpoint-chances.ts';
import type { Explainer } from './explainer.ts';
import type {
  ExplainedCluster,
  ExplainedEndpoint,
  ExplainedError,
  ExplainedFilter,
  ExplainedListener,
  ExplainedOutcome,
  ExplainedRequest,
  ExplainedRoute,
  Explanation,
} from './explanation.ts';
import { type Handshake, handshakeOf } from './handshake.ts';
import { matchWords, missWords } from './match-words.ts';
import { responseWords } from './response-words.ts';
import type { Sources } from './sources.ts';

/** What explanations are made from. */
export interface Explained {
  readonly explainer: Explainer;
  readonly sources: Sources;
  /** What the running proxy knows of its endpoints. */
  readonly live?: LiveClusters;
}

/** @throws EntranceError when the call reaches no listener */
export function explain(of: Explained, call: Call): Explanation {
  const decided = of.explainer.decide(call);
  const handshake = handshakeWith(of, decided, call);
  const isRefused = handshake?.verdict === 'refused';
  const decision = isRefused ? { ...decided, routing: undefined, outcomes: [], limited: [] } : decided;
  const outcomes = decision.outcomes.map((outcome) => outcomeWords(of, call, outcome, decision.routing));
  const { virtualHost, table } = decision.routing ?? {};
  const { share, by, delayMs, upstream, ...first } = outcomes[0] ?? { share: 1, by: [] };
  return {
    request: requestWords(call, decision),
    listener: listenerWords(of, decision, handshake),
    ...(virtualHost !== undefined && {
      virtualHost: {
        name: virtualHost.name,
        domains: virtualHost.domains,
        routeConfiguration: table?.name ?? '',
      },
    }),
    ...(isRouted(decision) && { route: routeWords(of, call, decision) }),
    filters: filterWords(of, decision),
    outcomes,
    ...first,
    ...(decision.limited.length > 0 && { whenLimited: decision.limited.map(errorWords) }),
    ...(decision.outcomes.length === 0 && {
      error: isRefused ? handshakeError(handshake.reason) : decision.chain === undefined ? refused : noHttp,
    }),
  };
}

/** A filter that answers may do so before anybody asks for a route. */
const isRouted = ({ routing }: Decision): boolean =>
  routing !== undefined && (routing.asked !== undefined || routing.table === undefined);

const refused: ExplainedError = {
  flags: ['NR'],
  details: 'filter_chain_not_found',
  message: 'no filter chain of the listener is for this connection: it is closed',
};

/** Whether a client that is no proxy of the mesh gets through TLS; undefined: nothing ends its TLS, or it has. */
function handshakeWith(
  { explainer }: Explained,
  { chain, outcomes }: Decision,
  call: Call,
): Handshake | undefined {
  if (chain?.tls === undefined || call.peer !== undefined || call.isRecorded || outcomes.length === 0)
    return undefined;
  const { tables, context } = explainer.proxy;
  return handshakeOf(chain.tls, call.clientCertificates ?? [], tables.secrets, context.wallNow());
}

const handshakeError = (reason: string): ExplainedError => ({
  flags: [],
  details: 'tls_handshake',
  message: `the TLS handshake fails: ${reason}`,
});

const noHttp: ExplainedError = {
  flags: ['DPE'],
  details: 'codec_error',
  message: 'the filter chain is for HTTP: other bytes are answered 400, and the connection is closed',
};

function requestWords(call: Call, { routing }: Decision): ExplainedRequest {
  const { host, port } = destinationOf(call);
  if (call.kind !== 'http') return { kind: call.kind, authority: `${host}:${port}` };
  return {
    kind: 'http',
    method: call.method,
    authority: routing?.asked?.authority ?? call.authority,
    path: routing?.asked?.path ?? call.path,
    protocol: call.protocol,
    headers: Object.fromEntries(call.headers),
  };
}

function listenerWords(
  of: Explained,
  { entrance, chain, ruledOut }: Decision,
  handshake: Handshake | undefined,
): ExplainedListener {
  const { listener } = entrance;
  const chains = [
    ...listener.filterChains,
    ...(listener.defaultFilterChain === undefined ? [] : [listener.defaultFilterChain]),
  ];
  return {
    name: listener.name,
    address: listener.address,
    port: listener.port,
    filterChains: chains.map((one) => ({
      name: one.name,
      chosen: one === chain,
      ...(one === chain ? {} : { reason: chainReason(one, ruledOut) }),
    })),
    ...(chain?.tls !== undefined && {
      tls: {
        clientCertificate: certificateWanted(chain.tls),
        ...(handshake !== undefined && handshakeWords(handshake, of.sources.ofChain(listener, chain))),
      },
    }),
    origins: of.sources.ofListener(listener),
  };
}

function handshakeWords(handshake: Handshake, origins: readonly Origin[]) {
  const { verdict } = handshake;
  if (verdict === 'accepted') return { handshake: verdict };
  if (verdict === 'unknown') return { handshake: verdict, reason: handshake.reason };
  const field = ['tls', handshake.field].filter((part) => part !== '').join('.');
  const servers = origins.filter(({ kind }) => kind === 'Gateway');
  return {
    handshake: verdict,
    reason: handshake.reason,
    origins: servers.map((server) => ({ ...server, path: `${server.path}.${field}` })),
  };
}

const certificateWanted = ({ requireClientCertificate, validation }: DownstreamTls) =>
  requireClientCertificate ? 'required' : validation === undefined ? 'not asked for' : 'optional';

const stepWords: Readonly<Record<RuledOut['step'], string>> = {
  destinationPort: 'destination port',
  destinations: 'destination address',
  serverNames: 'server name',
  transportProtocol: 'transport',
  applicationProtocols: 'application protocol',
  sources: 'client address',
};

function chainReason(chain: FilterChain, ruledOut: readonly RuledOut[]): string {
  const out = ruledOut.find((one) => one.chain === chain);
  if (out === undefined) return 'another one comes first';
  return out.matches
    ? `another one matches more exactly by ${stepWords[out.step]}`
    : `${stepWords[out.step]} differs`;
}

function routeWords({ sources }: Explained, call: Call, { routing }: Decision): ExplainedRoute {
  const { tried = [], choice, table, asked, limits, tunnel } = routing ?? {};
  const headers = call.kind === 'http' ? call.headers : new Headers();
  const header = (name: string): string | undefined => {
    if (name === ':method') return asked?.method;
    if (name === ':authority') return asked?.authority;
    if (name === ':path') return asked?.path;
    return name === ':scheme' && call.kind === 'http' ? call.scheme : headers.joined(name, ',');
  };
  const action = choice?.route.action;
  const forward = action?.kind === 'forward' ? action : undefined;
  // A request that a filter answers has not asked yet: the route's hold.
  const retry = limits === undefined ? (forward?.retry ?? choice?.virtualHost.retry) : limits.retry;
  return {
    ...(choice !== undefined && { name: choice.route.name }),
    origins: choice === undefined || table === undefined ? [] : sources.ofRoute(choice.route, table),
    tried: tried.map(({ route, miss }) => {
      const message = table && sources.route(route, table)?.match;
      return {
        name: route.name,
        matches: miss === undefined,
        match: matchWords(message),
        ...(miss !== undefined &&
          asked !== undefined && { reason: missWords(miss, route.match, message, { asked, header }) }),
        origins: table === undefined ? [] : sources.ofRoute(route, table),
      };
    }),
    ...(tunnel === true && { tunnel }),
    ...(forward !== undefined && {
      timeoutMs: limits?.timeoutMs ?? forward.timeoutMs,
      ...(forward.idleTimeoutMs !== undefined && { idleTimeoutMs: forward.idleTimeoutMs }),
      ...(retry !== undefined &&
        retry.retries > 0 && {
          retries: {
            attempts: retry.retries,
            on: [...retry.on],
            statuses: [...retry.statuses],
            perTryTimeoutMs: limits?.tryMs ?? retry.perTryTimeoutMs,
            ...(limits?.hedges === true && { hedged: true as const }),
          },
        }),
      ...(forward.mirrors.length > 0 && {
        mirrors: forward.mirrors.map(({ cluster, fraction }) => ({ cluster, share: fraction / 1_000_000 })),
      }),
      ...(forward.hashPolicy.length > 0 && {
        hashPolicy: forward.hashPolicy.map(({ kind, name }) => (name === '' ? kind : `${kind} ${name}`)),
      }),
    }),
  };
}

function filterWords(
  of: Explained,
  { chain, entrance, outcomes, routing, limited }: Decision,
): ExplainedFilter[] {
  if (chain?.filter.kind !== 'http') return [];
  const service = of.explainer.proxy.serviceOf(chain, entrance.listener);
  if (service.kind !== 'http') return [];
  const { chain: compiled, config } = service.manager;
  const visits = [...outcomes, ...limited].flatMap((one) => one.visits);
  const looks = new Set(compiled.decode.flatMap(({ name, head }) => (head === undefined ? [] : [name])));
  return compiled.filters.map(({ name }) => {
    const own = config.filters.find((filter) => filter.name === name);
    const ofRoute = routing?.choice?.route.perFilter.get(name);
    const says = own === undefined ? undefined : describeFilter(own.typeUrl, ofRoute ?? own.config);
    const verdict = looks.has(name)
      ? verdictOf(visits.filter((visit) => visit.name === name))
      : 'looks at responses only';
    return { name, ...(says !== undefined && { says }), verdict };
  });
}

function verdictOf(visits: readonly FilterVisit[]): ExplainedFilter['verdict'] {
  const answers = visits.filter(({ answered }) => answered).length;
  if (visits.length === 0) return 'not reached';
  if (answers === 0) return 'passes';
  return answers === visits.length ? 'answers' : 'may answer';
}

function outcomeWords(
  of: Explained,
  call: Call,
  outcome: Outcome,
  routing: Routing | undefined,
): ExplainedOutcome {
  const { share, by, info, reply, delayMs } = outcome;
  const base = { share, by, ...(delayMs > 0 && { delayMs }) };
  const name = info.cluster;
  const state = name === '' ? undefined : of.explainer.proxy.context.clusters.get(name);
  const cluster = {
    ...(name !== '' && { cluster: clusterWords(of, name) }),
    ...(state !== undefined && { endpoints: endpointsOf(of, outcome, of.explainer.proxy) }),
  };
  const { flags, details } = info;
  // Delays are no failure; bytes that found nobody have made no attempt.
  if (reply === undefined && info.attempts > 0)
    return { ...base, ...cluster, ...upstreamWords(call, outcome), ...responseWords(outcome, routing) };
  if (reply !== undefined && flags.length === 0 && (reply.status < 400 || details === 'direct_response')) {
    const location = reply.headers.get('location');
    return {
      ...base,
      ...responseWords(outcome, routing),
      directResponse: {
        status: reply.status,
        ...grpcStatusOf(reply),
        ...(location !== undefined && { location }),
        ...(reply.body !== '' && { body: reply.body }),
        details,
      },
    };
  }
  return { ...base, ...cluster, error: errorWords(outcome) };
}

function errorWords({ reply, info: { flags, details } }: Outcome): ExplainedError {
  const waits = 'a filter waits for another service, whose answer is not known';
  const why = reply === undefined && flags.length === 0 ? waits : details;
  return {
    ...(reply !== undefined && { status: reply.status, ...grpcStatusOf(reply) }),
    flags,
    details,
    message: flags.length === 0 ? why : flags.map((flag) => flagMeaning(flag)).join(' '),
  };
}

/** Calls of gRPC are answered with status 200; what became of them is said in a field. */
function grpcStatusOf({ headers }: NonNullable<Outcome['reply']>): { readonly grpcStatus?: number } {
  const status = headers.get('grpc-status');
  return status === undefined ? {} : { grpcStatus: Number(status) };
}

function clusterWords({ explainer, sources }: Explained, name: string): ExplainedCluster {
  const config = explainer.proxy.tables.clusters.get(name);
  if (config === undefined) return { name, balancer: 'there is no such cluster', origins: [] };
  const { outlier, balancer, connectTimeoutMs, breakers } = config;
  return {
    name,
    balancer: balancer.kind,
    connectTimeoutMs,
    limits: breakers.default,
    ...(outlier !== undefined && {
      outlierDetection: `${outlier.consecutive5xx || outlier.consecutiveGatewayErrors} failures in a row, out for ${outlier.baseEjectionMs} ms`,
    }),
    origins: sources.ofCluster(config),
  };
}

function endpointsOf({ live, sources }: Explained, outcome: Outcome, proxy: DryProxy): ExplainedEndpoint[] {
  const cluster = proxy.context.clusters.get(outcome.info.cluster);
  if (cluster === undefined) return [];
  const gateways = sources.networkGateways(cluster.config);
  return endpointChances(proxy, cluster, outcome).map(({ address, endpoint, chance, security }) => {
    const state = live
      ?.get(outcome.info.cluster)
      ?.find((one) => one.address === endpoint.address && one.port === endpoint.port);
    const { workload } = endpoint;
    const through = gateways.get(`${endpoint.address} ${endpoint.port}`);
    return {
      address,
      ...(workload !== undefined && { workload: workload.workload, version: workload.canonicalRevision }),
      ...(through !== undefined && { through }),
      health: endpoint.health,
      ...(state !== undefined && state.failing !== '' && { failing: state.failing }),
      ...(state !== undefined && { active: state.active }),
      weight: endpoint.weight,
      priority: endpoint.priority,
      ...(endpoint.locality !== '' && { locality: endpoint.locality }),
      security,
      chance: Math.round(chance * 100) / 100,
    };
  });
}

/** What the proxy adds to every request; it says nothing of this one. */
const usual =
  /^x-(request-id|forwarded-(for|proto|port|client-cert)|envoy-(expected-rq-timeout-ms|attempt-count|peer-metadata(-id)?|internal|external-address|original-path))$/;

function upstreamWords(call: Call, { request }: Outcome): Pick<ExplainedOutcome, 'upstream'> {
  if (call.kind !== 'http' || request === undefined) return {};
  const set: Record<string, string> = {};
  for (const [name, value] of request.headers)
    if (!usual.test(name) && call.headers.joined(name) !== request.headers.joined(name)) set[name] = value;
  const removedHeaders = [...call.headers].map(([name]) => name).filter((name) => !request.headers.has(name));
  const upstream = {
    ...(request.authority !== call.authority && { authority: request.authority }),
    ...(request.path !== call.path && { path: request.path }),
    setHeaders: set,
    removedHeaders,
  };
  const changes = Object.keys(upstream).length > 2 || Object.keys(set).length + removedHeaders.length > 0;
  return changes ? { upstream } : {};
}
