import type { ServerHttp2Stream } from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import type { Snapshot } from '@tulle/xds/resource';
import { type AdsServer, createAdsServer } from '@tulle/xds/server/ads-server';
import { type AdsCall, type AdsHandler, adsServerOptions } from '@tulle/xds/server/grpc-stream';
import { readDeltaRequest } from '@tulle/xds/server/request';
import { decode } from '@tulle/xds/wire';
import { types } from './resources.ts';

export interface Recorded {
  readonly kind: 'snapshot' | 'request' | 'response';
  readonly [field: string]: unknown;
}

/** An ADS server whose events can be awaited and whose conversation is recorded. */
export class ControlPlane {
  readonly events: string[] = [];
  readonly record: Recorded[] = [];
  readonly ads: AdsServer;
  readonly #server = new grpc.Server(adsServerOptions);
  #snapshot: Snapshot;
  #wakers: (() => void)[] = [];

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.ads = createAdsServer({
      authenticate: (_, node) => ({ kind: 'accepted', proxyId: node.id }),
      onConnect: (id) => {
        this.#note(`connect ${id}`);
        this.set(this.#snapshot);
      },
      onDisconnect: (_, reason) => this.#note(reason),
      onAck: (_, type, versions, removed) =>
        this.#note(
          [
            'ack',
            type,
            ...[...versions].map(([name, version]) => `${name}@${version}`),
            ...removed.map((name) => `-${name}`),
          ].join(' '),
        ),
      onNack: (_, type, error, rejected) =>
        this.#note(`nack ${type} ${[...rejected.keys()].join(' ')}: ${error.message}`),
    });
    const add = (definition: grpc.ServiceDefinition, handlers: grpc.UntypedServiceImplementation): void => {
      const delta = this.#recorded(handlers.DeltaAggregatedResources as AdsHandler);
      this.#server.addService(definition, { ...handlers, DeltaAggregatedResources: delta });
    };
    this.ads.addTo({ addService: add } as unknown as grpc.Server);
  }

  async listen(port = 0): Promise<number> {
    const bound = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, at) =>
        error ? reject(error) : resolve(at),
      ),
    );
    return bound;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  set(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    const parts = types.map((type) => [
      type,
      [...snapshot[type].values()].map(({ name, version, bytes }) => ({
        name,
        version,
        bytes: Buffer.from(bytes).toString('base64'),
      })),
    ]);
    this.record.push({ kind: 'snapshot', resources: Object.fromEntries(parts) });
    this.ads.setSnapshot('envoy', snapshot);
  }

  #recorded(handler: AdsHandler): AdsHandler {
    return (call: AdsCall) => {
      call.on('data', (bytes: Buffer) => {
        const { type, nonce, error, subscribe, unsubscribe, initialVersions } = readDeltaRequest(bytes);
        this.record.push({
          kind: 'request',
          type,
          nonce,
          error,
          subscribe,
          unsubscribe,
          initialVersions: Object.fromEntries(initialVersions),
        });
      });
      this.#recordResponses(call);
      handler(call);
    };
  }

  /** Messages are written to the HTTP/2 stream under the call, in pieces. */
  #recordResponses(call: AdsCall): void {
    const { stream } = (call as unknown as { readonly call: { readonly stream: ServerHttp2Stream } }).call;
    const write = stream.write.bind(stream) as (...of: unknown[]) => boolean;
    let frames: Buffer = Buffer.alloc(0);
    stream.write = (bytes: Uint8Array, ...rest: unknown[]) => {
      frames = Buffer.concat([frames, bytes]);
      // gRPC's length-prefixed messages: a flag and four bytes of length.
      while (frames.length >= 5 && frames.length >= 5 + frames.readUInt32BE(1)) {
        const end = 5 + frames.readUInt32BE(1);
        this.#recordResponse(frames.subarray(5, end));
        frames = frames.subarray(end);
      }
      return write(bytes, ...rest);
    };
  }

  #recordResponse(message: Uint8Array): void {
    const { nonce, resources, removedResources } = decode(
      'envoy.service.discovery.v3.DeltaDiscoveryResponse',
      message,
    );
    this.record.push({
      kind: 'response',
      nonce,
      resources: resources.map(({ name, version }) => `${name}@${version}`),
      removed: removedResources,
    });
  }

  #note(event: string): void {
    this.events.push(event);
    for (const wake of this.#wakers.splice(0)) wake();
  }

  /** Waits for an event that matches, and forgets all up to it. */
  async until(wanted: string | RegExp): Promise<string> {
    const tooLong = setTimeout(() => this.#note('timeout'), 60_000);
    for (;;) {
      const at = this.events.findIndex((event) =>
        typeof wanted === 'string' ? event === wanted : wanted.test(event),
      );
      if (at >= 0) {
        clearTimeout(tooLong);
        return this.events.splice(0, at + 1).at(-1) as string;
      }
      if (this.events.includes('timeout')) throw new Error(`no "${wanted}" in:\n${this.events.join('\n')}`);
      await new Promise<void>((wake) => this.#wakers.push(wake));
    }
  }
}
