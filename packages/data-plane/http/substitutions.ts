import { formatAuthority } from '@tulle/decision/authority';
import type { Headers } from '@tulle/decision/headers';
import type { SubstitutionContext } from '@tulle/decision/substitution';
import type { RequestHead, ResponseHead } from './stream.ts';
import type { StreamInfo } from './stream-info.ts';

/** What `%…%` in a header or a rate limit's descriptor refers to; nothing is made of it before it is asked for. */
class StreamSubstitutions implements SubstitutionContext {
  readonly #head: RequestHead;
  readonly #info: StreamInfo;
  readonly #response: ResponseHead | undefined;

  constructor(head: RequestHead, info: StreamInfo, response: ResponseHead | undefined) {
    this.#head = head;
    this.#info = info;
    this.#response = response;
  }

  get headers(): Headers {
    return this.#head.headers;
  }
  get method(): string {
    return this.#head.method;
  }
  get path(): string {
    return this.#head.path;
  }
  get authority(): string {
    return this.#head.authority;
  }
  get scheme(): string {
    return this.#head.scheme;
  }
  get protocol(): string {
    return this.#head.protocol;
  }
  get downstreamRemoteAddress(): string {
    const { remoteAddress, remotePort } = this.#info.connection;
    return formatAuthority(remoteAddress, remotePort);
  }
  get downstreamLocalAddress(): string {
    const { localAddress, localPort } = this.#info.connection;
    return formatAuthority(localAddress, localPort);
  }
  get upstreamHost(): string {
    return this.#info.upstreamHost;
  }
  get downstreamPeerUriSan(): string {
    return this.#info.connection.tls?.peerUri ?? '';
  }
  get routeName(): string {
    return this.#info.routeName;
  }
  get virtualHostName(): string {
    return this.#info.virtualHost;
  }
  get clusterName(): string {
    return this.#info.cluster;
  }
  get requestId(): string {
    return this.#info.requestId;
  }
  get startTime(): number {
    return this.#info.startedAt;
  }
  get responseHeaders(): Headers | undefined {
    return this.#response?.headers;
  }
  get responseCode(): number | undefined {
    return this.#response?.status;
  }
}

/** @param response where it is a response that is changed */
export function substitutions(
  head: RequestHead,
  info: StreamInfo,
  response?: ResponseHead,
): SubstitutionContext {
  return new StreamSubstitutions(head, info, response);
}
