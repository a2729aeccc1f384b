import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema } from '@tulle/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { Metadata } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { type Listener, ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import { cached } from '../messages/cached.ts';
import { contentHash } from '../messages/content-hash.ts';
import { withOrigins } from '../messages/origins.ts';
import { rememberCopy } from '../messages/references.ts';
import { resource, uniqueOrigins } from '../messages/serialize.ts';
import { patchCluster } from './clusters.ts';
import { listenerDefect, routeDefect } from './defects.ts';
import { patchListener } from './listeners.ts';
import type { Patch, PatchSet } from './patch-set.ts';
import { patchRoutes } from './routes.ts';
import { Tracker } from './tracker.ts';

/** The types of resources that EnvoyFilters patch. */
export type PatchableType = 'cluster' | 'route' | 'listener';

/** What became of one resource. */
export interface Outcome {
  /** Undefined: it is removed. */
  readonly resource: XdsResource | undefined;
  /** The patches that had an effect, in no order. */
  readonly used: readonly Patch[];
  /** Why no proxy would take it. */
  readonly defect: string | undefined;
}

const outcomes = new WeakMap<PatchSet, WeakMap<XdsResource, Outcome>>();

/** Patches one resource; the same object for the same patches. */
export function patchResource(set: PatchSet, type: PatchableType, original: XdsResource): Outcome {
  const ofSet = cached(outcomes, set, () => new WeakMap<XdsResource, Outcome>());
  return cached(ofSet, original, () => apply(set, type, original));
}

const untouched = (resource: XdsResource): Outcome => ({ resource, used: [], defect: undefined });

function apply(set: PatchSet, type: PatchableType, original: XdsResource): Outcome {
  const tracker = new Tracker();
  if (type === 'cluster') {
    const message = patchCluster(set, fromBinary(ClusterSchema, original.bytes), tracker);
    return outcome(ClusterSchema, original, message, tracker, undefined);
  }
  if (type === 'listener') {
    const before = fromBinary(ListenerSchema, original.bytes);
    // What answers DNS has no chains.
    if (before.filterChains.length === 0 && before.defaultFilterChain === undefined)
      return untouched(original);
    const message = patchListener(set, before, tracker);
    return outcome(ListenerSchema, original, message, tracker, message && listenerDefect(message));
  }
  const message = fromBinary(RouteConfigurationSchema, original.bytes);
  patchRoutes(set, contextOfTable(set, message), message, tracker);
  return outcome(RouteConfigurationSchema, original, message, tracker, routeDefect(message));
}

/** Tables of what an application is asked stand in its listeners. */
const contextOfTable = (set: PatchSet, _: RouteConfiguration) =>
  set.isGateway ? 'GATEWAY' : 'SIDECAR_OUTBOUND';

function outcome<Desc extends DescMessage>(
  desc: Desc,
  original: XdsResource,
  message: (MessageShape<Desc> & (Cluster | Listener | RouteConfiguration)) | undefined,
  { used }: Tracker,
  defect: string | undefined,
): Outcome {
  if (used.size === 0) return untouched(original);
  const patches = [...used];
  if (message === undefined) return { resource: undefined, used: patches, defect };
  const origins = patches.flatMap((patch) => patch.origins);
  const all = uniqueOrigins([...original.origins, ...origins]);
  // A patch that changes nothing changes no byte, in whatever order the fields were written.
  const before = toBinary(desc, fromBinary(desc, original.bytes));
  if (contentHash(toBinary(desc, message)) === contentHash(before)) {
    const same = { ...original, origins: all };
    rememberCopy(same, original);
    return { resource: same, used: patches, defect };
  }
  if (hasMetadata(desc, message)) message.metadata = withOrigins(message.metadata, origins);
  const made = resource(desc, message, all);
  return { resource: made, used: patches, defect };
}

function hasMetadata(desc: DescMessage, _: object): _ is { metadata?: Metadata } {
  return desc.fields.some(({ name }) => name === 'metadata');
}
