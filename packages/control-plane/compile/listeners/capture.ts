import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import type { TransparentCapture } from '@tulle/xds/node';
import type { XdsResource } from '@tulle/xds/resource';
import { blackHoleCluster } from '../clusters/cluster-ref.ts';
import { Collector } from '../clusters/collector.ts';
import { outsideCluster } from '../clusters/outside.ts';
import { tcpProxy } from '../filters/tcp-proxy.ts';
import type { ProxyDescription } from '../proxy.ts';
import type { Scope } from '../scope/scope.ts';
import type { View } from '../scope/view.ts';
import { capturedServices } from './captured-services.ts';
import type { Inbound } from './inbound.ts';
import { type FilterChain, listener } from './listener.ts';
import { dnsListener } from './name-table.ts';
import type { Outbound } from './outbound.ts';

/**
 * A sidecar whose application's traffic is redirected to it, with Istio's names: what the application opens arrives
 * at `virtualOutbound` and goes on to the listener of where it was going; what others open to the application's own
 * ports arrives at `virtualInbound`, whose chains tell the ports apart; its questions for names at `dns`.
 */
export function capturedTraffic(
  view: View,
  scope: Scope,
  proxy: ProxyDescription,
  capture: TransparentCapture,
  inbound: readonly Inbound[],
): Outbound {
  const services = capturedServices(view, scope, proxy.metadata.TULLE_ENGINE, capture.addresses.some(isIpv6));
  const collector = new Collector();
  collector.include(services.collector);
  const own = capture.addresses.flatMap((address): XdsResource[] => {
    const suffix = isIpv6(address) ? '_ipv6' : '';
    return [
      virtualOutbound(view, `virtualOutbound${suffix}`, address, capture.outboundPort, collector),
      ...virtualInbound(inbound, `virtualInbound${suffix}`, address, capture.inboundPort),
      dnsListener(view, scope, `dns${suffix}`, address, capture.dnsPort),
    ];
  });
  return { ...services, collector, listeners: [...own, ...services.listeners] };
}

const isIpv6 = (address: string): boolean => address.includes(':');

function virtualOutbound(
  view: View,
  name: string,
  address: string,
  port: number,
  collector: Collector,
): XdsResource {
  const chain = (chainName: string, cluster: string, destinationPort?: number): FilterChain => ({
    name: chainName,
    ...(destinationPort !== undefined && { filterChainMatch: { destinationPort } }),
    filters: [tcpProxy(view.config.mesh, cluster, [{ name: cluster, weight: 1 }])],
  });
  return listener({
    name,
    address,
    port,
    direction: TrafficDirection.OUTBOUND,
    filterChains: [
      // Who connects to the listener itself was going nowhere, and would come back for ever.
      chain('virtualOutbound-blackhole', blackHoleCluster, port),
      chain('virtualOutbound-catchall-tcp', outsideCluster(view, collector)),
    ],
    origins: [],
    redirected: 'hand-off',
  });
}

/** None for an application without ports. */
function virtualInbound(
  inbound: readonly Inbound[],
  name: string,
  address: string,
  port: number,
): XdsResource[] {
  const filterChains = inbound.flatMap((one) =>
    one.port.redirectedTo === undefined ? [] : one.filterChains(one.port.redirectedTo),
  );
  if (filterChains.length === 0) return [];
  const origins = inbound.flatMap((one) => one.origins);
  const inspectFor = inbound.find((one) => one.inspectFor !== undefined)?.inspectFor;
  return [
    listener({
      name,
      address,
      port,
      direction: TrafficDirection.INBOUND,
      filterChains,
      origins,
      redirected: 'restore',
      ...(inspectFor && { inspectFor }),
    }),
  ];
}
