import type { Snapshot, XdsResource } from '@tulle/xds/resource';
import type { AccountIndex } from '../model/accounts.ts';
import type { ConfigModel, Model } from '../model/model.ts';
import { type ClusterRef, clusterRefs } from './cluster-ref.ts';
import { Collector } from './collector.ts';
import { blackHole, passthrough } from './fixed-clusters.ts';
import { gateway } from './gateway.ts';
import { inbound } from './inbound.ts';
import { type Note, note } from './note.ts';
import { outbound, scopeOf } from './outbound.ts';
import { discoveryOf } from './outbound-cluster.ts';
import { protocolNotes } from './protocol.ts';
import type { ProxyDescription } from './proxy.ts';
import { danglingReferences } from './references.ts';
import { clientSecrets, rootsOf } from './secrets.ts';
import { cached, endpointsFor, sharedCluster } from './shared.ts';
import { viewOf } from './view.ts';

export interface Compiled {
  readonly snapshot: Snapshot;
  /** What could not be done as meant, of the resources that concern this proxy. */
  readonly notes: readonly Note[];
}

type Resources = ReadonlyMap<string, XdsResource>;

/** All of a snapshot but the endpoints: it changes with configuration and service accounts only. */
interface Plan {
  readonly resources: Readonly<Record<'cluster' | 'listener' | 'route' | 'secret', Resources>>;
  /** Clusters whose endpoints go by EDS, by name. The same array for the same scope. */
  readonly discovered: readonly ClusterRef[];
  readonly notes: readonly Note[];
}

/**
 * What a proxy should have. Pure: equal input gives equal bytes; unchanged parts are the same objects as for
 * other proxies and, after `updateInstances`, as before.
 * @throws Error if a resource refers to one that the snapshot lacks: a mistake of compile's, never published
 */
export function compile(model: Model, proxy: ProxyDescription): Compiled {
  const { resources, discovered, notes } = planOf(model, proxy);
  const endpoint = endpointsFor(model, discovered);
  return { snapshot: { ...resources, endpoint }, notes };
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

function makePlan(model: Model, proxy: ProxyDescription): Plan {
  const { config } = model;
  const { NAMESPACE, LABELS, TULLE_ENGINE: engine, TULLE_INBOUND } = proxy.metadata;
  const view = viewOf(config, NAMESPACE, LABELS);
  const used = new Collector();
  const edge = proxy.role === 'router' ? gateway(view, proxy) : undefined;
  const own = edge === undefined ? TULLE_INBOUND.map((port) => inbound(config, proxy, port)) : [];
  const scope = scopeOf(view, proxy);
  const traffic = edge ?? outbound(view, scope, proxy);
  used.include(traffic.collector);
  for (const table of traffic.tables) used.include(table.collector);
  // A gateway has the clusters of its routes; a sidecar those of all that it may call.
  for (const service of edge === undefined ? scope.services : []) {
    used.notes.push(...protocolNotes(service));
    for (const port of service.ports) for (const ref of clusterRefs(view, service, port)) used.use(ref);
  }

  const refs = [...used.clusters.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const clusters = refs.map((ref) => sharedCluster(model, ref, engine));
  const roots = engine === 'tulle' && config.trustBundle !== undefined ? [rootsOf(config.trustBundle)] : [];
  const resources = {
    cluster: byName([...clusters, ...own.map((port) => port.cluster), blackHole, passthrough]),
    listener: byName([...own.map((port) => port.listener), ...traffic.listeners]),
    route: byName(traffic.tables.map((table) => table.resource)),
    secret: byName([
      ...roots,
      ...(edge?.secrets ?? []),
      ...refs.flatMap((ref) => credentialSecrets(ref, used.notes)),
    ]),
  };
  const byEds = refs.filter((ref) => discoveryOf(ref) === 'eds');
  const discovered = view.once(`eds ${byEds.map((ref) => ref.name).join()}`, () => byEds);
  const endpoint = new Map(discovered.map((ref) => [ref.name, placeholder]));
  const [dangling] = danglingReferences({ ...resources, endpoint });
  if (dangling !== undefined)
    throw new Error(
      `${proxy.id}: ${dangling.from} refers to ${dangling.type} ${dangling.name}, which it does not get`,
    );
  return { resources, discovered, notes: uniqueNotes(used.notes) };
}

/** The secrets of a cluster whose rule names a credential; a note where there is none that the proxy may have. */
function credentialSecrets({ rule, settings, credential }: ClusterRef, notes: Note[]): XdsResource[] {
  if (credential !== undefined) return clientSecrets(credential);
  const name = settings.tls?.credentialName;
  const [origin] = rule?.origins ?? [];
  if (name && origin !== undefined) {
    const message = `no Secret ${name} in the namespace of its clients, or the rule is of another one`;
    notes.push(note(origin, 'unknown-credential', message, 'spec.trafficPolicy.tls.credentialName'));
  }
  return [];
}

/** Stands for endpoints where only names are looked at. */
const placeholder: XdsResource = { name: '', version: '', bytes: new Uint8Array(), origins: [] };

const byName = (list: readonly XdsResource[]): Resources =>
  new Map(list.map((resource) => [resource.name, resource]));

function uniqueNotes(notes: readonly Note[]): readonly Note[] {
  const key = ({ origin, problem }: Note): string =>
    `${origin.kind}/${origin.namespace}/${origin.name} ${problem.path} ${problem.message}`;
  return [...new Map(notes.map((one) => [key(one), one])).values()];
}
