import type { Snapshot, XdsResource } from '@tulle/xds/resource';
import type { AccountIndex } from '../model/instances/accounts.ts';
import type { ConfigModel, Model } from '../model/model.ts';
import type { SidecarDecision } from '../model/traffic/sidecar.ts';
import { type ClusterRef, clusterRefs } from './clusters/cluster-ref.ts';
import { type ClusterSet, clusterSet } from './clusters/cluster-set.ts';
import { Collector } from './clusters/collector.ts';
import { fixedClusters } from './clusters/fixed-clusters.ts';
import { endpointsFor } from './clusters/shared.ts';
import { checkReferences, danglingIn, type Referring } from './dangling.ts';
import { withLocalCluster } from './endpoints/local-cluster.ts';
import { serviceClusters } from './filters/limits/global-rate-limit.ts';
import { gateway } from './gateways/gateway.ts';
import { callersOf, hostsOfBytes } from './listeners/callers.ts';
import { capturedTraffic } from './listeners/capture.ts';
import { egressListeners } from './listeners/egress-listeners.ts';
import { type Inbound, inbound } from './listeners/inbound.ts';
import { outbound } from './listeners/outbound.ts';
import { cached } from './messages/cached.ts';
import type { Dangling } from './messages/references.ts';
import type { Note } from './note.ts';
import { type Patchable, patched, patchesRoutes } from './patches/patched.ts';
import type { ProxyDescription } from './proxy.ts';
import { partedTables, takesParts, wholeTables } from './routes/delivered-tables.ts';
import { httpProxyRoutes } from './routes/route-tables.ts';
import { protocolNotes } from './scope/protocol.ts';
import { nothing, type Scope, scopeOf, viewFor } from './scope/scope.ts';
import { servedPorts } from './scope/served-ports.ts';
import type { View } from './scope/view.ts';
import { rootsOf, secretsByName } from './tls/secrets.ts';

export interface Compiled {
  readonly snapshot: Snapshot;
  /** What could not be done as meant, of the resources that concern this proxy. */
  readonly notes: readonly Note[];
}

type Resources = ReadonlyMap<string, XdsResource>;

/** All of a snapshot but the endpoints and callers: it changes with configuration and service accounts only. */
interface Plan {
  readonly resources: Referring;
  /** Clusters whose endpoints go by EDS, by name. The same array for the same scope. */
  readonly discovered: readonly ClusterRef[];
  readonly zonesCount: boolean;
  /** Hosts whose callers it wants to know. */
  readonly calledAs: readonly string[];
  readonly notes: readonly Note[];
}

/**
 * What a proxy should have. Pure: equal input gives equal bytes; unchanged parts are the same objects as for
 * other proxies and, after `updateInstances`, as before.
 * @throws Error if a resource refers to one that the snapshot lacks: a mistake of compile's, never published
 */
export function compile(model: Model, proxy: ProxyDescription): Compiled {
  const { resources, discovered, zonesCount, calledAs, notes } = planOf(model, proxy);
  const endpoint = withLocalCluster(model, proxy, endpointsFor(model, discovered), zonesCount);
  return { snapshot: { ...resources, endpoint, workload: callersOf(model, calledAs) }, notes };
}

function planOf(model: Model, proxy: ProxyDescription): Plan {
  const plans = cached(
    plansByAccounts,
    model.accounts,
    () => new WeakMap<ConfigModel, WeakMap<ProxyDescription, Plan>>(),
  );
  const ofConfig = cached(plans, model.config, () => new WeakMap<ProxyDescription, Plan>());
  return cached(ofConfig, proxy, () => makePlan(model, proxy));
}

const plansByAccounts = new WeakMap<AccountIndex, WeakMap<ConfigModel, WeakMap<ProxyDescription, Plan>>>();

/**
 * ```
 *   view, scope ─▶ own ports (inbound), traffic (outbound, or a gateway's) ─▶ listeners, route tables, notes
 *                                                     └─ the clusters they use ─▶ one set ─▶ clusters, endpoints
 *   all ─▶ EnvoyFilters ─▶ no reference may lead out of it
 * ```
 */
function makePlan(model: Model, proxy: ProxyDescription): Plan {
  const { config } = model;
  const { NAMESPACE, LABELS, TULLE_ENGINE: engine, TULLE_CAPTURE: capture } = proxy.metadata;
  const sidecar = proxy.role === 'router' ? undefined : config.sidecars.decide(NAMESPACE, LABELS);
  const view = viewFor(config, proxy, sidecar);
  const edge = proxy.role === 'router' ? gateway(view, proxy) : undefined;
  const { own, calledAs } = edge === undefined ? applicationOf(config, proxy, sidecar) : noApplication;
  // A gateway has the clusters of its routes; a sidecar those of all that it may call, and of what that routes to.
  const scope = edge === undefined ? scopeOf(view, proxy, sidecar) : nothing;
  const callable = scopeCollector(view, scope);
  const traffic = [
    edge ?? outbound(view, scope, proxy),
    egressListeners(view, engine, sidecar),
    ...(capture === undefined ? [] : [capturedTraffic(view, scope, proxy, capture, own)]),
  ];
  const tables = traffic.flatMap((part) => part.tables);
  const limits = new Collector();
  for (const { calls } of own) for (const ref of serviceClusters(view, calls)) limits.use(ref);
  const used = [...traffic.map((part) => part.collector), ...tables.map((table) => table.collector), limits];
  const more = used.filter((collector) => !isCovered(collector, callable));
  const refs =
    more.length === 0
      ? callable.clusters
      : new Map([callable, ...more].flatMap(({ clusters }) => [...clusters]));
  const place = more.length === 0 ? `${NAMESPACE} ${scope.key}` : proxy.id;
  const set = clusterSet(model, refs, engine, place);

  const roots = engine === 'tulle' && config.trustBundle !== undefined ? [rootsOf(config.trustBundle)] : [];
  const isParted = takesParts(engine);
  // Who patches a table wants to see all of it.
  const isPatched = isParted && patchesRoutes(config, proxy);
  const given = isParted && !isPatched ? partedTables(tables) : wholeTables(tables);
  const compiled = {
    cluster: clustersWith(set, own, fixedClusters(config.mesh, view.captured)),
    listener: byName([
      ...own.flatMap((port) => port.listeners),
      ...traffic.flatMap((part) => part.listeners),
    ]),
    route: given.route,
    secret: secretsByName([...roots, ...(edge?.secrets ?? []), ...set.secrets]),
  };
  const { secret } = compiled;
  const dangling = (resources: Patchable, virtualHost = given.virtualHost): Dangling | undefined =>
    danglingIn({ ...resources, virtualHost, secret }, set, resources.cluster === compiled.cluster);
  const { notes, ...others } = patched(config, proxy, compiled, (resources) => dangling(resources));
  const { route, virtualHost } = isPatched
    ? partedTables(tables, others.route)
    : { ...given, route: others.route };
  const resources = { ...others, route };
  checkReferences(proxy, dangling(resources, virtualHost));
  return {
    resources: { ...resources, virtualHost, secret },
    discovered: set.discovered,
    zonesCount: set.zonesCount,
    calledAs,
    notes: uniqueNotes([
      ...own.flatMap((port) => port.notes),
      ...used.flatMap((collector) => collector.notes),
      ...callable.notes,
      ...set.notes,
      ...notes,
    ]),
  };
}

const clusterMaps = new WeakMap<
  ClusterSet,
  WeakMap<readonly unknown[], WeakMap<readonly unknown[], Resources>>
>();

/** All clusters of a proxy; the same map for the same, so that nobody needs to compare it with the one before. */
function clustersWith(set: ClusterSet, own: readonly Inbound[], fixed: readonly XdsResource[]): Resources {
  const ofSet = cached(
    clusterMaps,
    set,
    () => new WeakMap<readonly unknown[], WeakMap<readonly unknown[], Resources>>(),
  );
  const ofOwn = cached(ofSet, own, () => new WeakMap<readonly unknown[], Resources>());
  return cached(
    ofOwn,
    fixed,
    () => new Map([...set.clusters, ...byName([...own.map((port) => port.cluster), ...fixed])]),
  );
}

/** What serves a proxy's own application. */
interface Application {
  readonly own: readonly Inbound[];
  readonly calledAs: readonly string[];
}

const noApplication: Application = { own: [], calledAs: [] };
const applications = new WeakMap<object, WeakMap<ProxyDescription, Application>>();

/** The same object until something changes that has to do with applications' own ports. */
function applicationOf(
  config: ConfigModel,
  proxy: ProxyDescription,
  sidecar: SidecarDecision | undefined,
): Application {
  const { ofInbound } = config.basis;
  const known = cached(applications, ofInbound, () => new WeakMap<ProxyDescription, Application>());
  return cached(known, proxy, () => {
    const served = servedPorts(config, proxy, sidecar);
    const own = served.map((port) => inbound(config, proxy, port));
    return { own, calledAs: hostsOfBytes(config, proxy, served) };
  });
}

/** The clusters of all ports of a scope; the same object for the same scope. */
function scopeCollector(view: View, scope: Scope): Collector {
  return view.once(`clusters of ${scope.key}`, () => {
    const collector = new Collector();
    for (const service of new Set(scope.ports.map((one) => one.service)))
      collector.notes.push(...protocolNotes(service));
    for (const one of scope.ports)
      for (const ref of clusterRefs(one.view, one.service, one.port)) collector.use(ref);
    if (scope.ports.length > 0)
      for (const ref of httpProxyRoutes(view, scope).collector.clusters.values()) collector.use(ref);
    return collector;
  });
}

const covered = new WeakMap<Collector, WeakSet<Collector>>();

/** Whether the clusters of one are among those of another. Tables and what is callable are shared by proxies. */
function isCovered(one: Collector, by: Collector): boolean {
  const known = cached(covered, by, () => new WeakSet<Collector>());
  if (known.has(one)) return true;
  for (const name of one.clusters.keys()) if (!by.clusters.has(name)) return false;
  known.add(one);
  return true;
}

const byName = (list: readonly XdsResource[]): Resources =>
  new Map(list.map((resource) => [resource.name, resource]));

function uniqueNotes(notes: readonly Note[]): readonly Note[] {
  const key = ({ origin, problem }: Note): string =>
    `${origin.kind}/${origin.namespace}/${origin.name} ${problem.path} ${problem.message}`;
  return [...new Map(notes.map((one) => [key(one), one])).values()];
}
