import type { Socket } from 'node:net';
import { formatAuthority } from '@tulle/decision/authority';
import { hash32 } from '@tulle/decision/balance/hash';
import { pickCluster } from '@tulle/decision/match';
import type { TcpProxy } from '@tulle/decision/tables/tcp-proxy';
import type { ConnectionInfo } from '../http/connection-info.ts';
import type { StreamContext } from '../http/manager.ts';
import { StreamInfo } from '../http/stream-info.ts';
import { type ConnectionPacers, pacersOf } from '../limits/connection-pacers.ts';
import type { Pacers } from '../limits/pacer.ts';
import type { Outboxes } from '../net/outbox.ts';
import { poolFailure } from '../router/failure.ts';
import type { ResponseFlag } from '../telemetry/response-flags.ts';
import type { ClusterState, DialCallbacks } from '../upstream/cluster.ts';
import type { EndpointState } from '../upstream/endpoint.ts';
import { relay, type TcpRecording } from './relay.ts';
import { dialThrough } from './tunnel.ts';

/** Writes a line when a connection ends. */
export type TcpLogger = (info: StreamInfo) => void;

/** Metrics: asked when a connection has found its endpoint; counts until it ends. */
export type TcpObserver = (info: StreamInfo) => TcpRecording;

export interface TcpParts {
  readonly context: StreamContext;
  readonly outboxes: Outboxes;
  readonly info: ConnectionInfo;
  readonly loggers: readonly TcpLogger[];
  readonly observer?: TcpObserver;
  readonly pacers?: Pacers;
}

const unlimited: readonly ConnectionPacers[] = [];

function bandwidthOf({ bandwidth }: TcpProxy, { pacers, info }: TcpParts): readonly ConnectionPacers[] {
  if (bandwidth === undefined || pacers === undefined) return unlimited;
  return bandwidth.map((limit) => pacersOf(limit, pacers, info));
}

/** Serves one connection: Choosing ─▶ Connecting ⇄ (next endpoint) ─▶ Relaying ─▶ Over. */
export function proxyTcp(downstream: Socket, proxy: TcpProxy, parts: TcpParts): void {
  const { context } = parts;
  const info = new StreamInfo(parts.info, context.wallNow(), context.wheel.now());
  info.protocol = '';
  let over = false;
  let recording: TcpRecording | undefined;
  let cancelConnect: (() => void) | undefined;
  const tried = new Set<EndpointState>();

  const lifetime = context.wheel.timer(() => {
    info.flag('DT');
    downstream.destroy();
  });
  const end = (): void => {
    if (over) return;
    over = true;
    lifetime.stop();
    cancelConnect?.();
    info.endedAt = context.wheel.now();
    recording?.close();
    for (const log of parts.loggers) log(info);
  };
  const refuse = (flag: ResponseFlag): void => {
    info.flag(flag);
    downstream.off('close', onEarlyClose);
    downstream.destroy();
    end();
  };
  const onEarlyClose = (): void => {
    if (!info.flags.includes('DT')) info.flag('DC');
    end();
  };

  const totalWeight = proxy.clusters.reduce((sum, { weight }) => sum + weight, 0);
  const weighted = pickCluster({ clusters: proxy.clusters, totalWeight }, context.random);
  const cluster = weighted === undefined ? undefined : context.clusters.get(weighted.name);
  info.cluster = weighted?.name ?? '';
  info.service = cluster?.config.service;
  downstream.pause();
  downstream.on('error', () => downstream.destroy());
  downstream.once('close', onEarlyClose);
  if (proxy.maxDurationMs) lifetime.start(proxy.maxDurationMs);
  if (cluster === undefined) refuse('NC');
  else attempt(cluster);

  function destination(): string {
    const { requestedServerName, tunnel, localAddress, localPort } = parts.info;
    if (proxy.serverNamePort !== undefined && requestedServerName !== undefined)
      return formatAuthority(requestedServerName, proxy.serverNamePort);
    return tunnel ?? formatAuthority(localAddress, localPort);
  }

  function attempt(target: ClusterState): void {
    const endpoint = target.pick({
      avoid: tried,
      hash: proxy.hashSourceIp ? hash32(parts.info.remoteAddress) : undefined,
      attempts: 3,
      destination: destination(),
    });
    if (endpoint === undefined) {
      refuse('UH');
      return;
    }
    info.attempts++;
    info.upstreamHost = endpoint.key;
    if (parts.info.direction !== 'inbound') info.peer = endpoint.config.workload;
    tried.add(endpoint);
    let settled = false;
    const callbacks: DialCallbacks = {
      onConnected: (upstream, secured, peerUri) => {
        settled = true;
        cancelConnect = undefined;
        downstream.off('close', onEarlyClose);
        info.upstreamLocalAddress = formatAuthority(upstream.localAddress ?? '', upstream.localPort ?? 0);
        info.upstreamTls = secured;
        info.upstreamPeerUri = peerUri;
        recording = parts.observer?.(info);
        const release = target.hold(endpoint);
        relay(downstream, upstream, {
          wheel: context.wheel,
          outboxes: parts.outboxes,
          idleTimeoutMs: proxy.idleTimeoutMs,
          info,
          recording,
          pacers: bandwidthOf(proxy, parts),
          onEnd: () => {
            release();
            end();
          },
        });
      },
      onFailed: (error, detail) => {
        settled = true;
        cancelConnect = undefined;
        const failure = poolFailure(error, detail);
        info.upstreamFailure = failure.transport;
        if (over) return;
        if (info.attempts < proxy.maxConnectAttempts && error !== 'overflow') attempt(target);
        else {
          info.flag(failure.flag);
          refuse(proxy.maxConnectAttempts > 1 && error !== 'overflow' ? 'URX' : failure.flag);
        }
      },
    };
    const cancel =
      proxy.tunnel === undefined
        ? target.dial(endpoint, parts.info, callbacks)
        : dialThrough(
            target,
            endpoint,
            proxy.tunnel,
            { protocol: 'HTTP/1.1', connection: parts.info },
            callbacks,
          );
    if (!settled) cancelConnect = cancel;
  }
}
