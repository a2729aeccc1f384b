import { stripPort } from './authority.ts';
import { DomainIndex } from './domains.ts';
import { metadataMatches } from './metadata-match.ts';
import { RouteIndex } from './route-index.ts';
import { type RoutedRequest, requestField } from './routed-request.ts';
import type { MetadataMatch } from './tables/metadata-match.ts';
import type { HeaderMatch, QueryMatch, Route, RouteMatch, RouteTable, VirtualHost } from './tables/route.ts';
import type { ForwardAction, WeightedCluster } from './tables/route-action.ts';

/** In [0, 1). Injected. */
export type Random = () => number;

/** What keeps a route from matching: its path, a field, a parameter, or chance. */
export type Miss = RouteMatch['path'] | HeaderMatch | QueryMatch | MetadataMatch | 'fraction';

/** Hears each step of a match, in order; for explanations. */
export interface RouteTrace {
  /** The virtual host that claims the authority; undefined: none, and no route is tried. */
  onVirtualHost(host: VirtualHost | undefined, request: RoutedRequest): void;
  /** A route that was tried; `miss` undefined: it is the one. */
  onRoute(route: Route, miss: Miss | undefined): void;
}

export interface RouteChoice {
  readonly virtualHost: VirtualHost;
  readonly route: Route;
}

/** A virtual host with fewer routes is scanned. */
const INDEXED_FROM = 16;

/** A virtual host made ready to match. */
interface Choices {
  /** Of its routes, in order: made once, not per request. */
  readonly choices: readonly RouteChoice[];
  readonly index: RouteIndex | undefined;
}

const prepared = new WeakMap<VirtualHost, Choices>();

/** Made once per virtual host: of a table that changes, most stay what they were. */
function choicesOf(host: VirtualHost): Choices {
  let made = prepared.get(host);
  if (made === undefined) {
    const choices = host.routes.map((route) => ({ virtualHost: host, route }));
    const index = choices.length < INDEXED_FROM ? undefined : new RouteIndex(host.routes);
    made = { choices, index };
    prepared.set(host, made);
  }
  return made;
}

/** A route table made ready to match: built when configuration loads. */
export class RouteMatcher {
  readonly table: RouteTable;
  /** Filters that some route of the table configures. */
  readonly filterNames: ReadonlySet<string>;
  /** Positions of virtual hosts by their domains. */
  readonly #domains: DomainIndex<number>;
  /** By position, made at a virtual host's first request: of a thousand services few are called. */
  readonly #choices: (Choices | undefined)[];

  /** @param before of the same table before a change: if no domain has changed, what it knows of them is used */
  constructor(table: RouteTable, before?: RouteMatcher) {
    this.table = table;
    this.#choices = new Array(table.virtualHosts.length);
    const filterNames = new Set<string>();
    for (const { routes } of table.virtualHosts)
      for (const { perFilter } of routes) for (const name of perFilter.keys()) filterNames.add(name);
    this.filterNames = filterNames;
    this.#domains =
      before !== undefined && haveSameDomains(before.table.virtualHosts, table.virtualHosts)
        ? before.#domains
        : domainsOf(table.virtualHosts);
  }

  /** The virtual host that claims an authority; its port counts unless the table says otherwise. */
  virtualHost(authority: string): VirtualHost | undefined {
    return this.table.virtualHosts[this.#find(authority)];
  }

  /** The position of the virtual host that claims an authority; -1: none. */
  #find(authority: string): number {
    const name = authority.toLowerCase();
    return this.#domains.find(this.table.ignorePort === true ? stripPort(name) : name) ?? -1;
  }

  /** First by domain, then the first route in order that matches. Undefined: 404. */
  match(request: RoutedRequest, random: Random, trace?: RouteTrace): RouteChoice | undefined {
    const position = this.#find(request.authority);
    const host = this.table.virtualHosts[position];
    trace?.onVirtualHost(host, request);
    if (host === undefined) return undefined;
    let found = this.#choices[position];
    if (found === undefined) {
      found = choicesOf(host);
      this.#choices[position] = found;
    }
    const view = new RequestView(request);
    // Who wants to hear of every route that is tried gets the scan: it finds the same.
    if (found.index !== undefined && trace === undefined)
      return indexed(found.index, found.choices, view, random);
    for (const choice of found.choices) {
      const miss = mismatch(choice.route.match, view, random);
      trace?.onRoute(choice.route, miss);
      if (miss === undefined) return choice;
    }
    return undefined;
  }
}

function domainsOf(hosts: readonly VirtualHost[]): DomainIndex<number> {
  const index = new DomainIndex<number>();
  hosts.forEach(({ domains }, position) => {
    for (const domain of domains) index.add(domain, position);
  });
  return index;
}

const haveSameDomains = (one: readonly VirtualHost[], other: readonly VirtualHost[]): boolean =>
  one.length === other.length &&
  one.every((host, at) => host === other[at] || isSame(host.domains, other[at]?.domains ?? []));

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((domain, at) => domain === other[at]);

function indexed(
  index: RouteIndex,
  choices: readonly RouteChoice[],
  view: RequestView,
  random: Random,
): RouteChoice | undefined {
  index.begin(view.request, view.path);
  for (let at = index.next(); at >= 0; at = index.next()) {
    const choice = choices[at] as RouteChoice;
    if (mismatch(choice.route.match, view, random) === undefined) return choice;
  }
  return undefined;
}

/** The request with what several routes ask for computed once. */
class RequestView {
  readonly request: RoutedRequest;
  readonly path: string;
  #query: Map<string, string> | undefined;

  constructor(request: RoutedRequest) {
    this.request = request;
    this.path = pathOnly(request.path);
  }

  /** First value of each parameter, undecoded, as Envoy. */
  get query(): ReadonlyMap<string, string> {
    if (this.#query !== undefined) return this.#query;
    this.#query = new Map();
    const start = this.request.path.indexOf('?');
    if (start < 0) return this.#query;
    for (const pair of withoutFragment(this.request.path.slice(start + 1)).split('&')) {
      const equals = pair.indexOf('=');
      const name = equals < 0 ? pair : pair.slice(0, equals);
      if (!this.#query.has(name)) this.#query.set(name, equals < 0 ? '' : pair.slice(equals + 1));
    }
    return this.#query;
  }

  header(name: string): string | undefined {
    return requestField(this.request, name);
  }
}

function withoutFragment(text: string): string {
  const hash = text.indexOf('#');
  return hash < 0 ? text : text.slice(0, hash);
}

/** A target without query and fragment. */
export function pathOnly(target: string): string {
  const query = target.indexOf('?');
  return withoutFragment(query < 0 ? target : target.slice(0, query));
}

/** Whether a request is one that a match is for, whatever routes there are. */
export function requestMatches(match: RouteMatch, request: RoutedRequest, random: Random): boolean {
  return mismatch(match, new RequestView(request), random) === undefined;
}

/** What keeps a route from matching; undefined: nothing. */
function mismatch(match: RouteMatch, view: RequestView, random: Random): Miss | undefined {
  if (!pathMatches(match.path, view)) return match.path;
  for (const header of match.headers) {
    if (!headerMatches(header, view.header(header.name))) return header;
  }
  for (const query of match.query) {
    if (!queryMatches(query, view.query)) return query;
  }
  if (match.metadata !== undefined) {
    for (const one of match.metadata) if (!metadataMatches(one, view.request.metadata)) return one;
  }
  if (match.fraction !== undefined && random() * 1_000_000 >= match.fraction) return 'fraction';
  return undefined;
}

function pathMatches(match: RouteMatch['path'], view: RequestView): boolean {
  // A CONNECT request has no path: only a CONNECT route takes it.
  const connect = view.request.method === 'CONNECT' && view.request.path === '';
  if (match.kind === 'connect') return view.request.method === 'CONNECT';
  if (connect) return false;
  if (match.kind === 'regex') return match.test(view.path);
  const path = match.ignoreCase ? view.path.toLowerCase() : view.path;
  const wanted = match.ignoreCase ? match.value.toLowerCase() : match.value;
  switch (match.kind) {
    case 'prefix':
      return path.startsWith(wanted);
    case 'exact':
      return path === wanted;
    case 'path-separated-prefix':
      return (
        path.startsWith(wanted) &&
        (path.length === wanted.length || path[wanted.length] === '/' || wanted.endsWith('/'))
      );
  }
}

/**
 * Envoy's rule for an absent field: only a presence match (or `treatMissingAsEmpty`) can say yes, and
 * `invert` does not turn an absent field into a match of its value.
 */
export function headerMatches(match: HeaderMatch, value: string | undefined): boolean {
  if (match.test.kind === 'present') return ((value !== undefined) === match.test.present) !== match.invert;
  if (value === undefined && !match.treatMissingAsEmpty) return false;
  return match.test.test(value ?? '') !== match.invert;
}

function queryMatches(match: QueryMatch, query: ReadonlyMap<string, string>): boolean {
  const value = query.get(match.name);
  if (value === undefined) return false;
  return match.test === undefined || match.test(value);
}

/** One of the weighted clusters; undefined when all weights are 0. */
export function pickCluster(
  action: Pick<ForwardAction, 'clusters' | 'totalWeight'>,
  random: Random,
): WeightedCluster | undefined {
  const { clusters } = action;
  if (clusters.length === 1) return clusters[0];
  let at = random() * action.totalWeight;
  for (const cluster of clusters) {
    at -= cluster.weight;
    if (at < 0) return cluster;
  }
  return undefined;
}
