import { byType, type XdsResource, type XdsType } from '../resource.ts';
import { versionOf } from './response.ts';
import type { Session } from './session.ts';
import type { Nack, Subscription } from './subscription.ts';

/** Where one proxy stands with one type: what `tulle proxy-status` shows. */
export interface TypeInfo {
  readonly subscribed: boolean;
  /** Names asked for, `*` for all. */
  readonly names: readonly string[];
  /** Hashes over what it should have, was sent and has accepted; equal hashes, equal content. */
  readonly wantedVersion: string;
  readonly sentVersion: string;
  readonly ackedVersion: string;
  /** Resources accepted: name ⇒ version. */
  readonly acked: ReadonlyMap<string, string>;
  readonly pending?: { readonly nonce: string; readonly sentAt: number };
  readonly nack?: Nack;
  /** It has accepted all that it should have. */
  readonly synced: boolean;
}

export interface SessionInfo {
  readonly proxyId: string;
  readonly nodeId: string;
  readonly variant: 'delta' | 'sotw';
  /** Address of the peer's socket. */
  readonly peer: string;
  readonly connectedAt: number;
  readonly types: Readonly<Record<XdsType, TypeInfo>>;
}

/** @param begin when the times of the session began, in milliseconds since the epoch */
export function typesOf(session: Session, begin: number): Readonly<Record<XdsType, TypeInfo>> {
  return byType((type) => typeInfo(session.subscriptions[type], session.snapshot?.[type] ?? nothing, begin));
}

const nothing: ReadonlyMap<string, XdsResource> = new Map();

function typeInfo(
  subscription: Subscription,
  wanted: ReadonlyMap<string, XdsResource>,
  begin: number,
): TypeInfo {
  const relevant = [...wanted.values()].filter((resource) => subscription.wants(resource.name));
  const sent = [...subscription.sent].flatMap(([name, entry]) =>
    entry === null ? [] : [{ name, version: entry.version }],
  );
  const acked = [...subscription.acked].map(([name, version]) => ({ name, version }));
  const { pending, nack } = subscription;
  return {
    subscribed: subscription.subscribed,
    names: subscription.wildcard ? ['*', ...subscription.names] : [...subscription.names],
    wantedVersion: digest(relevant),
    sentVersion: digest(sent),
    ackedVersion: digest(acked),
    acked: new Map(subscription.acked),
    ...(pending === undefined ? {} : { pending: { nonce: pending.nonce, sentAt: begin + pending.sentAt } }),
    ...(nack === undefined ? {} : { nack: { ...nack, at: begin + nack.at } }),
    synced: subscription.settled(wanted),
  };
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);

function digest(resources: { name: string; version: string }[]): string {
  return resources.length === 0 ? '' : versionOf(resources.sort(byName));
}
