import { formatAuthority } from '@tulle/decision/authority';
import { requestHash } from '@tulle/decision/balance/request-hash';
import type { Random } from '@tulle/decision/match';
import type { ForwardAction } from '@tulle/decision/tables/route-action';
import type { RequestHead } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import type { ClusterState } from '../upstream/cluster.ts';
import type { EndpointState } from '../upstream/endpoint.ts';
import type { Retries } from './retries.ts';

/** Where in its cluster a request goes: what its head says of that as it came, before the route changes it. */
export class Aim {
  readonly cluster: ClusterState;
  /** Who the request itself names, for clusters without endpoints of their own. */
  readonly destination: string;
  /** Keeps the client with its endpoint from here on. */
  readonly newCookie: string | undefined = undefined;
  readonly #defaultPort: number;
  readonly #hash: number | undefined = undefined;

  constructor(
    cluster: ClusterState,
    { hashPolicy }: ForwardAction,
    head: RequestHead,
    { connection, clientAddress }: StreamInfo,
    random: Random,
  ) {
    this.cluster = cluster;
    this.destination =
      cluster.config.discovery.kind === 'original-destination'
        ? formatAuthority(connection.localAddress, connection.localPort)
        : (connection.tunnel ?? head.authority);
    this.#defaultPort = cluster.config.tls === undefined ? 80 : 443;
    if (hashPolicy.length === 0) return;
    const subject = { headers: head.headers, path: head.path, remoteAddress: clientAddress };
    const { hash, cookie } = requestHash(hashPolicy, subject, random);
    this.#hash = hash;
    this.newCookie = cookie;
  }

  /** The endpoint of the next attempt. Undefined: none is fit. @param before undefined: it is the first */
  pick(before: Retries | undefined): EndpointState | undefined {
    const avoid = before?.policy.avoidPreviousHosts === true ? before.tried : undefined;
    return this.cluster.pick({
      destination: this.destination,
      defaultPort: this.#defaultPort,
      hash: this.#hash,
      avoid,
      attempts: avoid === undefined ? 1 : (before?.policy.hostSelectionAttempts ?? 1),
      beyond: before?.beyond,
    });
  }
}
