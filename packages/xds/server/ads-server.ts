import { type Server, status } from '@grpc/grpc-js';
import { type Clock, type Pause, pauseOf, systemClock } from '../clock.ts';
import type { Snapshot, XdsType } from '../resource.ts';
import type { core_Node } from '../wire.ts';
import { Arrivals } from './arrivals.ts';
import { type AdsCall, adsService } from './grpc-stream.ts';
import type { NackDetail } from './request.ts';
import { SendBudget } from './send-budget.ts';
import { type SessionInfo, typesOf } from './session-info.ts';
import { AdsStream, type SendStage, type StreamEvents, StreamRefused } from './stream.ts';

export type Authentication =
  /** `until`: when its certificate ends, in milliseconds since the epoch; the stream is closed then. */
  | { readonly kind: 'accepted'; readonly proxyId: string; readonly until?: number }
  /** `code`: a gRPC status, e.g. 16 UNAUTHENTICATED or 7 PERMISSION_DENIED. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string };

export interface AdsServerOptions {
  /**
   * Who is it? The certificate (DER) has been verified against the server's roots; it is undefined without
   * mutual TLS. `node` is what the client says of itself.
   */
  readonly authenticate: (peerCertificate: Uint8Array | undefined, node: core_Node) => Authentication;
  /** A proxy's stream is open; answer with `setSnapshot`, now or later. */
  readonly onConnect: (proxyId: string, node: core_Node) => void;
  /** `goodbye`: it has drained and ended its stream. `lost`: the connection broke. Not called when a newer stream took over. */
  readonly onDisconnect: (proxyId: string, reason: 'goodbye' | 'lost') => void;
  /** Accepted: name ⇒ version, and names whose removal was accepted. Also on resume, for what it kept. */
  readonly onAck?: (
    proxyId: string,
    type: XdsType,
    versions: ReadonlyMap<string, string>,
    removed: readonly string[],
  ) => void;
  /** Refused: name ⇒ version. The proxy goes on with what it had. */
  readonly onNack?: (
    proxyId: string,
    type: XdsType,
    error: NackDetail,
    rejected: ReadonlyMap<string, string>,
  ) => void;
  /** Istio's HealthInformation: whether the application behind the proxy serves. */
  readonly onHealth?: (proxyId: string, healthy: boolean, message: string) => void;
  /** How long a stage of sending took. */
  readonly onStage?: (stage: SendStage, milliseconds: number) => void;
  readonly clock?: Clock;
  /** Between slices of looking at new streams and of sending; one turn of the event loop by default. */
  readonly pause?: Pause;
  readonly log?: (message: string) => void;
}

export interface AdsServer {
  /** Registers the service. The server should be made with `adsServerOptions`. */
  addTo(server: Server): void;
  /** Replaces what a proxy should have; only differences are sent. Without a stream: nothing happens. */
  setSnapshot(proxyId: string, snapshot: Snapshot): void;
  sessions(): SessionInfo[];
  /** Ends all streams with UNAVAILABLE, so that clients come back. */
  close(): void;
}

/** The ADS server: the streams of all proxies, by proxy id. */
export function createAdsServer(options: AdsServerOptions): AdsServer {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? (() => {});
  const streams = new Map<string, AdsStream>();
  const open = new Set<AdsStream>();
  const { pause = pauseOf(clock) } = options;
  const budget = new SendBudget(clock, undefined, pause);
  const arrivals = new Arrivals(clock, pause);

  const events: StreamEvents = {
    identify(stream, node) {
      const answer = options.authenticate(stream.peerCertificate, node);
      if (answer.kind === 'refused') {
        log(`xds: refused ${node.id} from ${stream.peer}: ${answer.message}`);
        throw new StreamRefused(answer.code, answer.message);
      }
      const { proxyId, until } = answer;
      stream.proxyId = proxyId;
      if (until !== undefined) stream.endAt(until);
      const earlier = streams.get(proxyId);
      streams.set(proxyId, stream);
      earlier?.supersede();
      log(`xds: ${proxyId} connected from ${stream.peer}`);
    },
    onOpen: ({ proxyId }, node) => options.onConnect(proxyId, node),
    onEvent({ proxyId }, event) {
      if (event.kind === 'ack') options.onAck?.(proxyId, event.type, event.versions, event.removed);
      else {
        log(
          `xds: ${proxyId} refused ${event.type} ${[...event.rejected.keys()].join(', ')}: ${event.error.message}`,
        );
        options.onNack?.(proxyId, event.type, event.error, event.rejected);
      }
    },
    onHealth: ({ proxyId }, healthy, message) => options.onHealth?.(proxyId, healthy, message),
    onStage: (stage, milliseconds) => options.onStage?.(stage, milliseconds),
    onTooSlow: ({ proxyId }, why) => log(`xds: ${proxyId} closed: ${why}`),
    onClose(stream, reason) {
      open.delete(stream);
      if (streams.get(stream.proxyId) !== stream) return;
      streams.delete(stream.proxyId);
      log(`xds: ${stream.proxyId} ${reason === 'goodbye' ? 'said goodbye' : 'lost'}`);
      options.onDisconnect(stream.proxyId, reason);
    },
  };

  const handler = (variant: 'delta' | 'sotw') => (call: AdsCall) => {
    const stream = new AdsStream(call, variant, { clock, events, budget, arrivals });
    open.add(stream);
  };

  return {
    addTo(server) {
      server.addService(adsService, {
        DeltaAggregatedResources: handler('delta'),
        StreamAggregatedResources: handler('sotw'),
      });
    },
    setSnapshot: (proxyId, snapshot) => streams.get(proxyId)?.setSnapshot(snapshot),
    sessions: () =>
      [...streams.values()].map((stream) => ({
        proxyId: stream.proxyId,
        nodeId: stream.node?.id ?? '',
        variant: stream.variant,
        peer: stream.peer,
        connectedAt: stream.connectedAt,
        types: typesOf(stream.session, clock.now() - clock.steady()),
      })),
    close() {
      for (const stream of open) stream.fail(status.UNAVAILABLE, 'the control plane is stopping');
    },
  };
}
