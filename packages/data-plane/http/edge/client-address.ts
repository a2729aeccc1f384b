import { BlockList, isIP } from 'node:net';
import type { ClientRules } from '@tulle/decision/edge-rules';
import type { Headers } from '@tulle/decision/headers';
import type { RequestHead } from '../stream.ts';
import type { StreamInfo } from '../stream-info.ts';
import { dropClaims, dropSteering } from './steering.ts';

const forwardedFor = 'x-forwarded-for';
const forwardedProto = 'x-forwarded-proto';
const forwardedPort = 'x-forwarded-port';

/** Who the client is, by its connection and the proxies that are believed; Envoy, "x-forwarded-for". */
export class ClientAddresses {
  readonly #rules: ClientRules;
  readonly #internal: BlockList | undefined;

  constructor(rules: ClientRules) {
    this.#rules = rules;
    if (rules.internalRanges.length === 0) return;
    this.#internal = new BlockList();
    for (const { address, prefixLength } of rules.internalRanges)
      this.#internal.addSubnet(address, prefixLength, family(address));
  }

  /**
   * Sets `info.clientAddress` and the fields that tell it to others.
   * @returns false: the client is from outside; what else it says of itself is not believed either
   */
  establish(head: RequestHead, info: StreamInfo): boolean {
    const { headers } = head;
    if (!this.#rules.useRemoteAddress) {
      const client = fromEnd(headers.joined(forwardedFor), this.#rules.trustedHops);
      if (client !== undefined) info.clientAddress = client;
      if (!headers.has(forwardedProto)) headers.add(forwardedProto, head.scheme);
      else believeScheme(head);
      // What an Envoy at the sender's side thinks of its application.
      headers.remove('x-envoy-internal');
      return true;
    }
    const before = headers.joined(forwardedFor);
    const client = this.#client(before);
    if (client !== undefined) info.clientAddress = client;
    this.#forward(head, info, before);
    const internal = (client !== undefined || before === undefined) && this.#isInternal(info.clientAddress);
    if (internal) {
      dropClaims(headers);
      headers.add('x-envoy-internal', 'true');
    } else {
      dropSteering(headers);
      headers.add('x-envoy-external-address', info.clientAddress);
    }
    return internal;
  }

  /** What the trusted proxies in front of us say of the client; undefined: nothing. */
  #client(before: string | undefined): string | undefined {
    const { trustedHops } = this.#rules;
    return trustedHops === 0 ? undefined : fromEnd(before, trustedHops - 1);
  }

  #forward(head: RequestHead, { connection }: StreamInfo, before: string | undefined): void {
    const { headers } = head;
    const { appendForwardedFor, appendForwardedPort, trustedHops } = this.#rules;
    if (appendForwardedFor) {
      const { remoteAddress } = connection;
      headers.set(forwardedFor, before === undefined ? remoteAddress : `${before},${remoteAddress}`);
    }
    setUnlessTrusted(headers, forwardedProto, head.scheme, trustedHops);
    if (trustedHops > 0) believeScheme(head);
    if (appendForwardedPort)
      setUnlessTrusted(headers, forwardedPort, String(connection.localPort), trustedHops);
  }

  #isInternal(address: string): boolean {
    return this.#internal?.check(address, family(address)) === true;
  }
}

/** Envoy: a request came as x-forwarded-proto says, whatever carries it here (mTLS between sidecars, say). */
function believeScheme(head: RequestHead): void {
  const said = head.headers.get(forwardedProto);
  if (said === 'http' || said === 'https') head.scheme = said;
}

/** Behind trusted proxies theirs stays. */
function setUnlessTrusted(headers: Headers, name: string, value: string, trustedHops: number): void {
  if (trustedHops === 0 || !headers.has(name)) headers.set(name, value);
}

/** The address that has `skip` others behind it in an x-forwarded-for; undefined: none there. */
function fromEnd(list: string | undefined, skip: number): string | undefined {
  const address =
    list
      ?.split(',')
      .at(-1 - skip)
      ?.trim() ?? '';
  return isIP(address) === 0 ? undefined : address;
}

const family = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');
