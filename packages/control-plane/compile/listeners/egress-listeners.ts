import { TrafficDirection } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { bySeniority } from '../../model/origin.ts';
import { portProtocol } from '../../model/services/protocol.ts';
import { listedAddress } from '../../model/services/service-entry.ts';
import type { Egress, SidecarDecision } from '../../model/traffic/sidecar.ts';
import { blackHoleCluster } from '../clusters/cluster-ref.ts';
import { Collector } from '../clusters/collector.ts';
import { tcpProxy } from '../filters/tcp-proxy.ts';
import { note } from '../note.ts';
import type { Engine } from '../proxy.ts';
import { hostTable, type MadeTable, table } from '../routes/made-table.ts';
import { tcpClusters } from '../routes/tcp-routes.ts';
import { httpRoutes, type MadeVirtualHost, restOf } from '../routes/virtual-hosts.ts';
import { authorities, serviceNames } from '../scope/domains.ts';
import { detectionTimeout, layerOf } from '../scope/protocol.ts';
import { type CallablePort, hasOwnAddress, portsOf } from '../scope/scope.ts';
import { type View, viewThrough } from '../scope/view.ts';
import { serverNameChain } from './captured-services.ts';
import { type FilterChain, type ListenerParts, listener } from './listener.ts';
import { type Outbound, outboundManager } from './outbound.ts';
import { sniffedChains } from './sniffed.ts';

interface OwnListener {
  readonly view: View;
  readonly engine: Engine;
  readonly egress: Egress;
  /** Also of its route table. */
  readonly name: string;
  readonly address: string;
  /** 0: a Unix socket. */
  readonly number: number;
  /** What may be called here. */
  readonly ports: readonly CallablePort[];
  readonly collector: Collector;
}

/**
 * Egress listeners of a Sidecar that have an address of their own, which the application calls: an IP and port or a
 * Unix socket (`bind`, `captureMode: NONE`). Where traffic is captured, one on an IP with another mode binds nothing:
 * what is called there is handed to it.
 */
export function egressListeners(view: View, engine: Engine, sidecar: SidecarDecision | undefined): Outbound {
  const collector = new Collector();
  const made = (sidecar?.egress ?? []).filter(hasOwnAddress).map((egress) => {
    const { port = {}, bind, captureMode } = egress.spec;
    const number = port.number ?? 0;
    const address = listedAddress(bind || '127.0.0.1');
    const name = number === 0 ? address : `${address}_${number}`;
    const ports = portsOf(viewThrough(view, egress.imports)).filter(
      (one) => number === 0 || one.port.number === number,
    );
    const own: OwnListener = { view, engine, egress, name, address, number, ports, collector };
    const { routes, ...chains } = chainsOf(own);
    const unbound = view.captured && number !== 0 && captureMode !== 'NONE';
    return {
      routes,
      listener: listener({
        name,
        address,
        port: number,
        direction: TrafficDirection.OUTBOUND,
        ...chains,
        origins: [egress.origin],
        ...(unbound && { unbound }),
      }),
    };
  });
  return {
    listeners: made.map((one) => one.listener),
    tables: made.flatMap((one) => one.routes ?? []),
    collector,
  };
}

interface Chains extends Pick<ListenerParts, 'filterChains' | 'defaultFilterChain' | 'inspectFor'> {
  readonly routes?: MadeTable;
}

function chainsOf(own: OwnListener): Chains {
  const { view, engine, egress, name, number } = own;
  const { port = {} } = egress.spec;
  const protocol = portProtocol({ number, name: port.name ?? '', appProtocol: port.protocol });
  if (layerOf(protocol) === 'http') {
    const routes = routesByHost(own);
    const grpcWeb = protocol === 'grpc-web';
    const filters = [outboundManager(view, engine, name, { grpcWeb })];
    return { filterChains: [{ name: port.name ?? '', filters }], routes };
  }
  if (layerOf(protocol) === 'sniffed') {
    const routes = routesByHost(own);
    const manager = outboundManager(view, engine, name);
    const inspectFor = detectionTimeout(view.config.mesh);
    return { ...sniffedChains(engine, manager, [bytesChain(own)]), inspectFor, routes };
  }
  const isTls = protocol === 'tls' || protocol === 'https';
  return { filterChains: isTls ? serverNameChains(own) : [bytesChain(own)] };
}

/** HTTP by Host; on a Unix socket of one service any Host is that service. */
function routesByHost({ view, name, number, ports, collector: all }: OwnListener): MadeTable {
  const http = ports
    .filter(({ port }) => layerOf(port.protocol) !== 'tcp')
    // Of a service with several ports its name alone means HTTP's own.
    .toSorted((a, b) => Number(b.port.number === 80) - Number(a.port.number === 80));
  const isOnly = number === 0 && http.length === 1;
  const hosts = http.map(({ view: seen, service, port }): MadeVirtualHost => {
    const collector = new Collector();
    const names = serviceNames(service, view.namespace);
    const authority = isOnly ? authorities(service.host, port.number).at(-1) : undefined;
    const message = {
      name: `${service.host}:${port.number}`,
      domains: isOnly ? ['*'] : names.flatMap((host) => [host, `${host}:${port.number}`]),
      routes: httpRoutes(seen, service, port, authority, collector),
      includeRequestAttemptCount: true,
    };
    return { message, collector };
  });
  const [only] = isOnly ? hosts : [];
  const made =
    only === undefined
      ? hostTable(name, hosts, restOf(view, []))
      : table(name, [only.message], only.collector);
  all.include(made.collector);
  return made;
}

function serverNameChains(own: OwnListener): readonly FilterChain[] {
  const chains = own.ports.map((one) => serverNameChain(one, own.collector));
  return chains.length > 0 ? chains : [bytesChain(own)];
}

/** Bytes don't say whom they are for: the oldest of several services gets them. */
function bytesChain({ view, egress, name, ports, collector }: OwnListener): FilterChain {
  const [first, ...others] = ports.toSorted((a, b) => bySeniority(a.service, b.service));
  if (others.length > 0) {
    const { host } = (first as CallablePort).service;
    const message = `bytes name no host: all go to ${host}, the oldest of ${ports.length} services`;
    collector.notes.push(note(egress.origin, 'conflicting-host', message, `${egress.origin.path}.hosts`));
  }
  const clusters =
    first === undefined
      ? [{ name: blackHoleCluster, weight: 1 }]
      : tcpClusters(first.view, first.service, first.port, collector);
  return {
    name: egress.spec.port?.name ?? '',
    filters: [tcpProxy(view.config.mesh, `outbound_${name}`, clusters)],
  };
}
