import { Headers } from '@tulle/decision/headers';
import type { Miss, RouteChoice } from '@tulle/decision/match';
import type { RoutedRequest } from '@tulle/decision/routed-request';
import type { FilterChain, Listener } from '@tulle/decision/tables/listener';
import type { Route, RouteTable, VirtualHost } from '@tulle/decision/tables/route';
import type { Tables } from '@tulle/decision/tables/tables';
import type { ConnectionInfo } from '../http/connection-info.ts';
import type { ManagerRuntime } from '../http/manager.ts';
import type { ForwardLimits, RequestTrace } from '../http/request-trace.ts';
import type { RequestHead } from '../http/stream.ts';
import { inspectsTls } from '../listener/active-listener.ts';
import { connectRoute, tunnelOf } from '../listener/tunnel.ts';
import { chooseFilterChain } from '../net/filter-chain.ts';
import { type Inspection, uninspected } from '../net/sniffing/sniff.ts';
import { type Call, destinationOf } from './call.ts';
import type { Asked, Decision, Outcome, Routing, RuledOut } from './decision.ts';
import { runDryBytes } from './dry-bytes.ts';
import { type DryRequest, runDry } from './dry-http.ts';
import { type DryNode, DryProxy } from './dry-proxy.ts';
import { type Entrance, entranceOf } from './entrance.ts';
import { worldsOf } from './worlds.ts';

/** Where the client of an explanation is. */
const client = { remoteAddress: '127.0.0.1', remotePort: 0 };

/** Answers what a proxy of these tables does with calls. */
export class Explainer {
  readonly proxy: DryProxy;
  readonly #trace = new Recorder();
  /** Managers of the worlds of a route. */
  readonly #worlds = new WeakMap<ManagerRuntime, WeakMap<Route, World[]>>();

  constructor(tables: Tables, node: DryNode, wallNow: () => number = Date.now) {
    this.proxy = new DryProxy(tables, node, this.#trace, wallNow);
  }

  /** @throws EntranceError when the call reaches no listener */
  decide(call: Call): Decision {
    const entrance = entranceOf(this.proxy.tables, this.proxy.node.role, call);
    const { listener, address, port } = entrance;
    const remoteAddress = call.remoteAddress ?? client.remoteAddress;
    const ends = { localAddress: address, localPort: port, remoteAddress };
    const ruledOut: RuledOut[] = [];
    const chain = chooseFilterChain(listener, inspectionOf(call, entrance), ends, (one, step, matches) =>
      ruledOut.push({ chain: one, step, matches }),
    );
    const closed = { entrance, ruledOut, chain, routing: undefined, outcomes: [], limited: [] };
    if (chain === undefined) return closed;
    const service = this.proxy.serviceOf(chain, listener);
    // TLS that nobody here ends is no HTTP, and who ends TLS takes nothing else.
    const carries = speaksTls(call, entrance);
    if (chain.tls === undefined ? carries && service.kind === 'http' : !carries) return closed;
    const connection = connectionOf(call, entrance, chain);
    if (service.kind === 'tcp') {
      return { ...closed, outcomes: this.#bytes(service.proxy, connection) };
    }
    // Bytes that are no HTTP: the codec refuses them.
    if (call.kind !== 'http' && !entrance.viaProxy) return closed;
    const found =
      call.kind === 'http' && !(entrance.viaProxy && call.scheme === 'https')
        ? this.#http(service.manager, connection, headOf(call, entrance), chain, listener)
        : this.#connect(service.manager, connection, call, chain, listener);
    return { entrance, ruledOut, chain, ...found };
  }

  #http(
    manager: ManagerRuntime,
    connection: ConnectionInfo,
    head: RequestHead,
    chain: FilterChain,
    listener: Listener,
  ): Pick<Decision, 'routing' | 'outcomes' | 'limited'> {
    this.#trace.begin();
    const first = runDry(this.proxy, manager, connection, head);
    const { choice } = this.#trace;
    const routing = this.#routing(manager, choice, false);
    const ways = this.#worldsOf(manager, choice, chain, listener)
      .map(({ share, by, manager: one }) => {
        const run = (answer?: Headers) => runDry(this.proxy, one, connection, head, answer);
        return { share, by, run, decided: one === manager ? first : run() };
      })
      .sort((a, b) => b.share - a.share);
    const outcomes = ways.map(({ share, by, run, decided }) => outcomeOf(share, by, decided, run));
    return { routing, outcomes, limited: this.#limited(ways[0]) };
  }

  /** One limit after the other lets it pass no longer; those that answer alike are one. */
  #limited(way: { readonly run: Run; readonly decided: DryRequest } | undefined): readonly Outcome[] {
    if (way === undefined) return [];
    const { proxy } = this;
    const answers = new Map([[answerOf(way.decided), way.decided]]);
    for (let at = 0, most = 1; at < most; at++)
      for (const state of ['used-up', 'unanswered'] as const) {
        proxy.limited = { at, state };
        proxy.counted = 0;
        const other = way.run();
        most = Math.max(most, proxy.counted);
        if (!answers.has(answerOf(other))) answers.set(answerOf(other), other);
      }
    proxy.limited = undefined;
    return [...answers.values()].slice(1).map((other) => outcomeOf(1, [], other, way.run));
  }

  /** What is no HTTP goes through an HTTP proxy by CONNECT: to its route's clusters, as it is. */
  #connect(
    manager: ManagerRuntime,
    connection: ConnectionInfo,
    call: Call,
    chain: FilterChain,
    listener: Listener,
  ): Pick<Decision, 'routing' | 'outcomes' | 'limited'> {
    const { host, port } = destinationOf(call);
    // What the client says in the tunnel, it does not say to the proxy.
    const head: RequestHead = {
      scheme: 'http',
      headers: new Headers(),
      protocol: 'HTTP/1.1',
      method: 'CONNECT',
      path: '',
      authority: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      upgrade: 'connect',
    };
    this.#trace.begin();
    const action = connectRoute(manager, head);
    if (action === undefined) return this.#http(manager, connection, head, chain, listener);
    const { choice } = this.#trace;
    const routing = this.#routing(manager, choice, true);
    const info = { ...connection, tunnel: head.authority };
    const outcomes = this.#bytes(tunnelOf(action), info).map((outcome) => {
      outcome.info.routeName = choice?.route.name ?? '';
      outcome.info.virtualHost = choice?.virtualHost.name ?? '';
      return outcome;
    });
    return { routing, outcomes, limited: [] };
  }

  #bytes(config: Parameters<typeof runDryBytes>[1], connection: ConnectionInfo): Outcome[] {
    const possible = config.clusters.filter(({ weight }) => weight > 0);
    const total = possible.reduce((sum, { weight }) => sum + weight, 0);
    const each = possible.length > 1 ? possible.map((one) => [one]) : [config.clusters];
    return likeliestFirst(
      each.map((clusters) => {
        const weight = clusters[0]?.weight ?? 0;
        const run = () => runDryBytes(this.proxy, { ...config, clusters }, connection);
        const info = run();
        return {
          share: each.length > 1 ? weight / total : 1,
          by: each.length > 1 ? [`weight ${weight} of ${total}`] : [],
          info,
          reply: undefined,
          request: undefined,
          answered: () => undefined,
          delayMs: 0,
          visits: [],
          again: () => run().upstreamHost,
        };
      }),
    );
  }

  #routing(manager: ManagerRuntime, choice: RouteChoice | undefined, tunnel: boolean): Routing {
    const { virtualHost, tried, asked, limits } = this.#trace;
    return { table: manager.matcher?.table, virtualHost, tried, choice, asked, limits, tunnel };
  }

  #worldsOf(
    manager: ManagerRuntime,
    choice: RouteChoice | undefined,
    chain: FilterChain,
    listener: Listener,
  ): readonly World[] {
    const table = manager.matcher?.table;
    if (choice === undefined || table === undefined) return [{ share: 1, by: [], manager }];
    const ofManager = this.#worlds.get(manager) ?? new WeakMap<Route, World[]>();
    this.#worlds.set(manager, ofManager);
    let worlds = ofManager.get(choice.route);
    if (worlds === undefined) {
      worlds = worldsOf(table, choice, manager.config.filters).map((world) => ({
        ...world,
        manager: world.table === table ? manager : this.#managerOf(chain, listener, manager, world.table),
      }));
      ofManager.set(choice.route, worlds);
    }
    return worlds;
  }

  #managerOf(
    chain: FilterChain,
    listener: Listener,
    known: ManagerRuntime,
    table: RouteTable,
  ): ManagerRuntime {
    const manager = { ...known.config, routes: { kind: 'inline' as const, table } };
    const service = this.proxy.serviceOf({ ...chain, filter: { kind: 'http', manager } }, listener);
    return service.kind === 'http' ? service.manager : known;
  }
}

/** Decides a request once more. @param answer fields of the endpoint's answer */
type Run = (answer?: Headers) => DryRequest;

interface World {
  readonly share: number;
  readonly by: readonly string[];
  readonly manager: ManagerRuntime;
}

const likeliestFirst = (outcomes: Outcome[]): Outcome[] => outcomes.sort((a, b) => b.share - a.share);

const answerOf = ({ info, response }: DryRequest): string => `${response?.head.status} ${info.details}`;

function outcomeOf(share: number, by: readonly string[], decided: DryRequest, run: Run): Outcome {
  const { info, response, request, delayMs, visits } = decided;
  return {
    share,
    by,
    info,
    reply: response && {
      status: response.head.status,
      headers: new Map(response.head.headers),
      body: response.body,
    },
    request: response === undefined ? request : undefined,
    answered: (fields) => run(fields).answered,
    delayMs,
    visits,
    again: () => run().info.upstreamHost,
  };
}

/** What a sidecar offers by ALPN, as far as it tells chains apart. */
const meshProtocols = { http: ['istio-http/1.1', 'istio', 'http/1.1'], bytes: ['istio'] } as const;

const isSecure = (call: Call): boolean =>
  call.kind === 'tls' || (call.kind === 'http' && call.scheme === 'https');

/** Whether the connection begins with TLS: a sidecar's mTLS where the listener may take it, or the client's own. */
const speaksTls = (call: Call, { listener, viaProxy }: Entrance): boolean =>
  (call.peer !== undefined && inspectsTls(listener)) || (!viaProxy && isSecure(call));

/** What the listener's inspectors find. */
function inspectionOf(call: Call, { listener, viaProxy }: Entrance): Inspection {
  if (call.peer !== undefined && inspectsTls(listener))
    return {
      transport: 'tls',
      // Of bytes through a gateway it says where to.
      serverName: call.kind === 'tls' ? call.host.toLowerCase() : '',
      protocols: meshProtocols[call.kind === 'http' ? 'http' : 'bytes'],
    };
  if (!viaProxy && isSecure(call)) {
    if (!inspectsTls(listener)) return uninspected;
    const { host } = destinationOf(call);
    const protocols =
      call.kind === 'http' ? (call.protocol === 'HTTP/2' ? ['h2', 'http/1.1'] : ['http/1.1']) : [];
    return { transport: 'tls', serverName: host.toLowerCase(), protocols };
  }
  if (!listener.inspectHttp || (call.kind !== 'http' && !viaProxy)) return uninspected;
  const protocol = call.kind === 'http' && call.protocol === 'HTTP/2' ? 'h2c' : 'http/1.1';
  return { transport: 'raw_buffer', serverName: '', protocols: [protocol] };
}

function connectionOf(call: Call, { listener, address, port }: Entrance, chain: FilterChain): ConnectionInfo {
  const { serverNames } = chain.match;
  const secured = chain.tls !== undefined;
  return {
    id: 1,
    ...client,
    ...(call.remoteAddress === undefined ? {} : { remoteAddress: call.remoteAddress }),
    localAddress: address,
    localPort: port,
    listener: listener.name,
    direction: listener.direction,
    ...(secured ? { tls: tlsOf(call) } : {}),
    ...(secured && serverNames.length > 0 ? { serverNames } : {}),
    memo: new Map(),
  };
}

function tlsOf(call: Call): NonNullable<ConnectionInfo['tls']> {
  return {
    serverName: destinationOf(call).host,
    alpn: call.kind === 'http' && call.protocol === 'HTTP/2' ? 'h2' : 'http/1.1',
    ...(call.peer === undefined ? {} : { peerUri: call.peer }),
  };
}

function headOf(call: Extract<Call, { kind: 'http' }>, { viaProxy }: Entrance): RequestHead {
  const { method, path, urlAuthority, scheme, headers, protocol } = call;
  // RFC 9112, 3.2.2: what a request in absolute form is for is said by its URL.
  const authority = viaProxy ? (urlAuthority ?? call.authority) : call.authority;
  return {
    method,
    path,
    authority,
    scheme,
    headers: headers.clone(),
    protocol,
    ...(viaProxy && { absoluteForm: true }),
  };
}

/** Keeps what a match has tried; the last one counts. */
class Recorder implements RequestTrace {
  virtualHost: VirtualHost | undefined = undefined;
  tried: { readonly route: Route; readonly miss: Miss | undefined }[] = [];
  asked: Asked | undefined = undefined;
  limits: ForwardLimits | undefined = undefined;

  begin(): void {
    this.virtualHost = undefined;
    this.tried = [];
    this.asked = undefined;
    this.limits = undefined;
  }

  onVirtualHost(host: VirtualHost | undefined, { method, authority, path, metadata }: RoutedRequest): void {
    this.virtualHost = host;
    this.tried = [];
    this.asked = { method, authority, path, ...(metadata && { metadata }) };
  }

  onRoute(route: Route, miss: Miss | undefined): void {
    this.tried.push({ route, miss });
  }

  onForward(limits: ForwardLimits): void {
    this.limits = limits;
  }

  get choice(): RouteChoice | undefined {
    const last = this.tried.at(-1);
    if (last === undefined || last.miss !== undefined || this.virtualHost === undefined) return undefined;
    return { virtualHost: this.virtualHost, route: last.route };
  }
}
