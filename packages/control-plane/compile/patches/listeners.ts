import { isFilterNamed } from '@tulle/resources/istio/envoy-filter/filter-names';
import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { Filter } from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import {
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from '@tulle/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import { type Listener, ListenerSchema } from '@tulle/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { patchedList } from './list-operation.ts';
import { patchManager } from './manager.ts';
import { type Context, isAdding, isMerging, type Patch, type PatchSet } from './patch-set.ts';
import type { Tracker } from './tracker.ts';

const managerName = 'envoy.filters.network.http_connection_manager';

/** Patches a listener in place, from the outside in (Istio's order); undefined: it is removed. */
export function patchListener(set: PatchSet, listener: Listener, tracker: Tracker): Listener | undefined {
  const context = contextOf(set, listener);
  for (const patch of set.of('LISTENER', context)) {
    if (!selectsListener(set, patch, listener)) continue;
    if (patch.operation === 'REMOVE') {
      tracker.used.add(patch);
      return undefined;
    }
    if (isMerging(patch)) tracker.merge(ListenerSchema, listener, patch);
  }
  patchListenerFilters(set, context, listener, tracker);
  patchFilterChains(set, context, listener, tracker);
  return listener;
}

function contextOf(set: PatchSet, { trafficDirection }: Listener): Context {
  if (set.isGateway) return 'GATEWAY';
  return trafficDirection === TrafficDirection.INBOUND ? 'SIDECAR_INBOUND' : 'SIDECAR_OUTBOUND';
}

/** Redirected connections arrive here; which port they were for, their chains say. */
const isVirtual = ({ name }: Listener): boolean => /^virtual(Inbound|Outbound)/.test(name);

function selectsListener(set: PatchSet, { applyTo, match }: Patch, listener: Listener): boolean {
  const wanted = match.listener;
  if (wanted === undefined) return true;
  const ports = portsOf(set, listener);
  if (wanted.name && !namesOf(listener, ports).has(wanted.name)) return false;
  if (!wanted.portNumber || (applyTo !== 'LISTENER' && isVirtual(listener))) return true;
  return ports.has(wanted.portNumber);
}

/** The service's or the gateway's port, and the one that is bound. */
function portsOf(set: PatchSet, { name, address }: Listener): ReadonlySet<number> {
  const bound = address?.address.case === 'socketAddress' ? address.address.value.portSpecifier : undefined;
  const port = bound?.case === 'portValue' ? bound.value : 0;
  const named = /^inbound_(?:.*_)?(\d+)$|^outbound_(\d+)_/
    .exec(name)
    ?.slice(1)
    .find((one) => one);
  return new Set([
    port,
    ...(named === undefined ? [] : [Number(named)]),
    ...(set.gatewayPorts.get(port) ?? []),
  ]);
}

/** Its own name, and those that it would have in Istio. */
function namesOf({ name, trafficDirection }: Listener, ports: ReadonlySet<number>): ReadonlySet<string> {
  const istio = [...ports].map((port) => `0.0.0.0_${port}`);
  return new Set([name, ...(trafficDirection === TrafficDirection.INBOUND ? ['virtualInbound'] : istio)]);
}

function patchListenerFilters(set: PatchSet, context: Context, listener: Listener, tracker: Tracker): void {
  for (const patch of set.of('LISTENER_FILTER', context)) {
    if (!selectsListener(set, patch, listener)) continue;
    const name = patch.match.listener?.listenerFilter;
    const selects = (filter: { readonly name: string }): boolean => !name || isFilterNamed(filter.name, name);
    if (isMerging(patch)) {
      for (const filter of listener.listenerFilters.filter(selects))
        tracker.merge(ListenerFilterSchema, filter, patch);
      continue;
    }
    const next = patchedList(listener.listenerFilters, {
      operation: patch.operation,
      isNamed: Boolean(name),
      selects,
      make: () => tracker.value(ListenerFilterSchema, patch),
    });
    if (next !== listener.listenerFilters) tracker.used.add(patch);
    listener.listenerFilters = [...next];
  }
}

function patchFilterChains(set: PatchSet, context: Context, listener: Listener, tracker: Tracker): void {
  const keeps = (chain: FilterChain): boolean => patchFilterChain(set, context, listener, chain, tracker);
  listener.filterChains = listener.filterChains.filter(keeps);
  const { defaultFilterChain: fallback } = listener;
  if (fallback !== undefined && !keeps(fallback)) delete listener.defaultFilterChain;
  for (const patch of set.of('FILTER_CHAIN', context)) {
    if (!isAdding(patch) || !selectsListener(set, patch, listener)) continue;
    listener.filterChains.push(tracker.value(FilterChainSchema, patch));
    tracker.used.add(patch);
  }
}

/** @returns false: it is removed */
function patchFilterChain(
  set: PatchSet,
  context: Context,
  listener: Listener,
  chain: FilterChain,
  tracker: Tracker,
): boolean {
  const selects = (patch: Patch): boolean =>
    selectsListener(set, patch, listener) && selectsChain(patch, listener, chain);
  for (const patch of set.of('FILTER_CHAIN', context)) {
    if (isAdding(patch) || !selects(patch)) continue;
    if (patch.operation === 'REMOVE') {
      tracker.used.add(patch);
      return false;
    }
    if (isMerging(patch)) tracker.merge(FilterChainSchema, chain, patch);
  }
  patchNetworkFilters(set.of('NETWORK_FILTER', context).filter(selects), chain, tracker);
  for (const filter of chain.filters)
    if (filter.name === managerName)
      patchManager(set, context, set.of('HTTP_FILTER', context).filter(selects), filter, tracker);
  return true;
}

function selectsChain({ match }: Patch, listener: Listener, chain: FilterChain): boolean {
  const wanted = match.listener?.filterChain;
  const {
    destinationPort,
    serverNames = [],
    transportProtocol,
    applicationProtocols = [],
  } = chain.filterChainMatch ?? {};
  const port = match.listener?.portNumber;
  if (port && isVirtual(listener) && destinationPort !== port) return false;
  if (wanted === undefined) return true;
  if (wanted.name && wanted.name !== chain.name) return false;
  if (wanted.sni && !serverNames.includes(wanted.sni)) return false;
  if (wanted.transportProtocol && wanted.transportProtocol !== transportProtocol) return false;
  if (wanted.transportSocket && wanted.transportSocket !== chain.transportSocket?.name) return false;
  if (wanted.destinationPort && wanted.destinationPort !== destinationPort) return false;
  const protocols = wanted.applicationProtocols?.split(',') ?? [];
  return protocols.every((name) => name === '' || applicationProtocols.includes(name.trim()));
}

/** Lists first, then merges: what one patch inserts another may merge into. */
function patchNetworkFilters(patches: readonly Patch[], chain: FilterChain, tracker: Tracker): void {
  const selects = (patch: Patch, { name }: Filter): boolean => {
    const wanted = patch.match.listener?.filterChain?.filter;
    return wanted === undefined || isFilterNamed(name, wanted.name ?? '');
  };
  let filters: readonly Filter[] = chain.filters;
  for (const patch of patches) {
    const next = patchedList(filters, {
      operation: patch.operation,
      isNamed: patch.match.listener?.filterChain?.filter !== undefined,
      selects: (filter) => selects(patch, filter),
      make: () => tracker.value(FilterSchema, patch),
    });
    if (next !== filters) tracker.used.add(patch);
    filters = next;
  }
  for (const filter of filters)
    for (const patch of patches)
      if (isMerging(patch) && selects(patch, filter)) tracker.merge(FilterSchema, filter, patch);
  chain.filters = [...filters];
}
