import type { XdsType } from '../resource.ts';
import { typeUrls } from '../resource.ts';
import { type core_Node, decode } from '../wire.ts';

export interface NackDetail {
  readonly code: number;
  readonly message: string;
}

/** A request of either variant of ADS, about one type. */
export interface SessionRequest {
  readonly variant: 'delta' | 'sotw';
  /** Undefined for a type that we do not serve. */
  readonly type: XdsType | undefined;
  readonly typeUrl: string;
  readonly node?: core_Node;
  /** Empty when the request answers no response. */
  readonly nonce: string;
  readonly error?: NackDetail;
  /** Delta: names to add. State of the world: all names. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client has from an earlier stream: name ⇒ version. */
  readonly initialVersions: ReadonlyMap<string, string>;
}

const types = new Map(Object.entries(typeUrls).map(([type, url]) => [url as string, type as XdsType]));
const nothing: ReadonlyMap<string, string> = new Map();

/** Of what a proxy says; names of resources are looked for in it, and it is shown in conditions. Characters. */
const maxMessage = 32 * 1024;

const cut = ({ code, message }: NackDetail): NackDetail => ({
  code,
  message: message.length <= maxMessage ? message : `${message.slice(0, maxMessage)}…`,
});

/** @throws WireError */
export function readDeltaRequest(bytes: Uint8Array): SessionRequest {
  const request = decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes);
  return {
    variant: 'delta',
    type: types.get(request.typeUrl),
    typeUrl: request.typeUrl,
    ...(request.node === undefined ? {} : { node: request.node }),
    nonce: request.responseNonce,
    ...(request.errorDetail === undefined ? {} : { error: cut(request.errorDetail) }),
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    initialVersions: request.initialResourceVersions,
  };
}

/** @throws WireError */
export function readStateOfTheWorldRequest(bytes: Uint8Array): SessionRequest {
  const request = decode('envoy.service.discovery.v3.DiscoveryRequest', bytes);
  return {
    variant: 'sotw',
    type: types.get(request.typeUrl),
    typeUrl: request.typeUrl,
    ...(request.node === undefined ? {} : { node: request.node }),
    nonce: request.responseNonce,
    ...(request.errorDetail === undefined ? {} : { error: cut(request.errorDetail) }),
    subscribe: request.resourceNames,
    unsubscribe: [],
    initialVersions: nothing,
  };
}
