import { type Cluster, ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { type Listener, ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import type { ConfigModel } from '../../model/model.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import { type Dangling, referencesIn } from '../messages/references.ts';
import { resource } from '../messages/serialize.ts';
import { type Note, note } from '../note.ts';
import type { ProxyDescription } from '../proxy.ts';
import { listenerDefect } from './defects.ts';
import type { LeftOut, Patch, PatchSet } from './patch-set.ts';
import { patchesFor } from './proxy-patches.ts';
import { type PatchableType, patchResource } from './resource.ts';

/** What EnvoyFilters can patch, by name. */
export type Patchable = Readonly<Record<PatchableType, ReadonlyMap<string, XdsResource>>>;

/** A patch that can't stay, and why. */
interface Culprit {
  readonly patch: Patch;
  readonly reason: string;
}

/**
 * Applies the EnvoyFilters that select a proxy, as far as the whole stays one that a proxy takes: a patch that would
 * leave a resource broken, or a reference to something that is not there, is left out, and a note says so. Without
 * EnvoyFilters for the proxy: the same resources.
 * @param dangling the first reference that leads nowhere
 */
export function patched(
  config: ConfigModel,
  proxy: ProxyDescription,
  { cluster, route, listener }: Patchable,
  dangling: (resources: Patchable) => Dangling | undefined,
): Patchable & { readonly notes: readonly Note[] } {
  const resources = { cluster, route, listener };
  const found = patchesFor(config, proxy);
  if (found === undefined) return { ...resources, notes: [] };
  const notes = [...found.notes];
  for (let { set } = found; ; ) {
    const run = new Run(set, resources);
    const culprit = run.culprit ?? run.culpritOf(dangling(run.resources));
    if (culprit === undefined) return { ...run.resources, notes };
    const [origin] = culprit.patch.origins;
    notes.push(note(origin, 'not-supported', `${leftOut[set.leavesOut]}: ${culprit.reason}`));
    set = set.without(culprit.patch);
  }
}

const leftOut: Readonly<Record<LeftOut, string>> = {
  patch: 'left out',
  filter: 'left out, and all of this EnvoyFilter, after many patches that can’t stay',
  namespace: 'left out, and all EnvoyFilters of its namespace, after many patches that can’t stay',
};

const ofRoutes = ['ROUTE_CONFIGURATION', 'VIRTUAL_HOST', 'HTTP_ROUTE'] as const;

/** Whether EnvoyFilters have a say in a proxy's route tables. */
export const patchesRoutes = (config: ConfigModel, proxy: ProxyDescription): boolean =>
  patchesFor(config, proxy)?.set.has(...ofRoutes) ?? false;

interface Made {
  readonly type: PatchableType;
  /** Undefined: a patch added it. */
  readonly original: XdsResource | undefined;
  readonly used: readonly Patch[];
}

/** One set of patches, applied to all resources of a proxy. */
class Run {
  readonly resources: Patchable;
  /** The first patch that breaks a resource. */
  culprit: Culprit | undefined;
  readonly #set: PatchSet;
  readonly #made = new Map<XdsResource, Made>();
  /** By type and name. */
  readonly #removedBy = new Map<string, Patch>();

  constructor(set: PatchSet, { cluster, route, listener }: Patchable) {
    this.#set = set;
    const routed = set.has(...ofRoutes);
    const listened = set.has('LISTENER', 'LISTENER_FILTER', 'FILTER_CHAIN', 'NETWORK_FILTER', 'HTTP_FILTER');
    this.resources = {
      cluster: set.has('CLUSTER') ? this.#patch('cluster', cluster) : cluster,
      route: routed ? this.#patch('route', route) : route,
      listener: listened || routed ? this.#patch('listener', listener) : listener,
    };
  }

  #patch(type: PatchableType, originals: ReadonlyMap<string, XdsResource>): Map<string, XdsResource> {
    const result = new Map<string, XdsResource>();
    for (const [name, original] of originals) {
      const { resource: made, used, defect } = patchResource(this.#set, type, original);
      if (made === undefined) this.#removedBy.set(`${type} ${name}`, used.at(-1) as Patch);
      else {
        result.set(name, made);
        if (made !== original) this.#made.set(made, { type, original, used });
      }
      if (defect !== undefined)
        this.culprit ??= {
          patch: this.#blame(type, original, used, defect, (other) => other.defect === defect),
          reason: `${name}: ${defect}`,
        };
    }
    if (type === 'route') return result;
    for (const patch of this.#set.adding(type === 'cluster' ? 'CLUSTER' : 'LISTENER')) {
      const made = added(patch);
      const defect = result.has(made.name) ? `there is a ${type} of this name already` : defectOf(patch);
      if (defect !== undefined) this.culprit ??= { patch, reason: `${made.name}: ${defect}` };
      result.set(made.name, made);
      this.#made.set(made, { type, original: undefined, used: [patch] });
    }
    return result;
  }

  /** The patch with which, after those before it, it goes wrong. */
  #blame(
    type: PatchableType,
    original: XdsResource,
    used: readonly Patch[],
    what: string,
    isWrong: (outcome: ReturnType<typeof patchResource>) => boolean,
  ): Patch {
    const ofSet = cached(blamed, this.#set, () => new WeakMap<XdsResource, Map<string, Patch>>());
    const known = cached(ofSet, original, () => new Map<string, Patch>());
    return cachedByName(known, what, () => {
      const inOrder = this.#set.only(used).patches;
      let [right, wrong] = [0, inOrder.length];
      while (wrong - right > 1) {
        const middle = (right + wrong) >> 1;
        const some = this.#set.only(inOrder.slice(0, middle));
        if (isWrong(patchResource(some, type, original))) wrong = middle;
        else right = middle;
      }
      return inOrder[wrong - 1] as Patch;
    });
  }

  /** Undefined: it is not the fault of a patch. */
  culpritOf(dangling: Dangling | undefined): Culprit | undefined {
    if (dangling === undefined) return undefined;
    const { from, reference } = dangling;
    const what = `${reference.type} ${reference.name}`;
    const remover = this.#removedBy.get(what);
    if (remover !== undefined) return { patch: remover, reason: `${from.name} needs ${what}` };
    const made = this.#made.get(from);
    if (made === undefined) return undefined;
    const { type, original, used } = made;
    const reason = `${from.name} would need ${what}, which is not there`;
    if (original === undefined) return { patch: used[0] as Patch, reason };
    const refers = (one: XdsResource): boolean =>
      referencesIn(one).some(({ type: of, name }) => of === reference.type && name === reference.name);
    const isWrong = ({ resource: one }: { readonly resource: XdsResource | undefined }): boolean =>
      one !== undefined && refers(one);
    const patch = this.#blame(type, original, used, what, isWrong);
    return { patch, reason };
  }
}

/** What was found before, by what is wrong. */
const blamed = new WeakMap<PatchSet, WeakMap<XdsResource, Map<string, Patch>>>();

const adds = new WeakMap<Patch, XdsResource>();

/** The resource that a patch adds. */
function added(patch: Patch): XdsResource {
  return cached(adds, patch, () =>
    patch.applyTo === 'CLUSTER'
      ? resource(ClusterSchema, patch.value as Cluster, patch.origins)
      : resource(ListenerSchema, patch.value as Listener, patch.origins),
  );
}

function defectOf({ applyTo, value }: Patch): string | undefined {
  const { name } = value as Cluster | Listener;
  if (name === '') return 'it must have a name';
  return applyTo === 'LISTENER' ? listenerDefect(value as Listener) : undefined;
}
