import { collectionOf, isNamedBy, type XdsResource, type XdsType } from '../resource.ts';
import { changedNames } from './changed-names.ts';
import type { NackDetail, SessionRequest } from './request.ts';

/** A response that the client has not answered yet. */
export interface Pending {
  readonly nonce: string;
  readonly sentAt: number;
  /** Name ⇒ version sent, or null: removed. */
  readonly names: ReadonlyMap<string, string | null>;
}

export interface Nack extends NackDetail {
  readonly at: number;
  /** The refused resources, by version. */
  readonly rejected: ReadonlyMap<string, string>;
}

/** What lies between the client and the snapshot. */
export interface Diff {
  readonly updates: readonly XdsResource[];
  /**
   * Asked for by name and not there; the client has none, so saying so breaks nothing. So is a route table's name, by
   * which its virtual hosts are asked for: that there is no virtual host of this name is said when all of them are sent.
   */
  readonly notices: readonly string[];
  /** The client has them and should not. */
  readonly removals: readonly string[];
}

/** What a client was told of a name: a resource, or (by version only) what it kept from an earlier stream. */
type Sent = XdsResource | { readonly version: string };

const noDiff: Diff = { updates: [], notices: [], removals: [] };

/** More names than any mesh has; a client that asks for more is broken. */
const maxNames = 50_000;
/** And so many characters in all of them. */
const maxCharacters = 8 * 1024 * 1024;

/** Thrown for requests that no sound client sends; the stream is closed. */
export class SessionError extends Error {}

/**
 * One type on one stream: who is subscribed to what, what was sent, what was answered.
 *
 * ```
 *   snapshot ── diff ──▶ sent ── ACK ──▶ acked
 *                          └─── NACK ──▶ rejected (until its version changes)
 * ```
 */
export class Subscription {
  readonly type: XdsType;
  subscribed = false;
  wildcard = false;
  readonly names = new Set<string>();
  /** Null: told that there is none. */
  readonly sent = new Map<string, Sent | null>();
  readonly acked = new Map<string, string>();
  readonly rejected = new Map<string, string>();
  pending: Pending | undefined;
  nack: Nack | undefined;
  /** The latest nonce, for state-of-the-world clients, who repeat it when they change their subscription. */
  lastNonce = '';
  /** A new wildcard subscription is answered even if there is nothing: the client waits for that. */
  answerDue = false;
  readonly #resend = new Set<string>();
  #diff: { readonly of: ReadonlyMap<string, XdsResource>; readonly diff: Diff } | undefined;

  constructor(type: XdsType) {
    this.type = type;
  }

  wants(name: string): boolean {
    return this.wildcard || isNamedBy(this.names, this.type, name);
  }

  /** Names of what was sent that a name stands for: itself, or what belongs to it. */
  #sentUnder(name: string): string[] {
    const isUnder = (known: string): boolean => known === name || collectionOf(this.type, known) === name;
    return this.type === 'virtualHost' ? [...this.sent.keys()].filter(isUnder) : [name];
  }

  /** Takes a delta request's changes; the first one of a stream may say what the client has. */
  changeByDelta(request: SessionRequest): void {
    const first = !this.subscribed;
    if (!first && request.subscribe.length + request.unsubscribe.length === 0) return;
    this.subscribed = true;
    this.#diff = undefined;
    for (const name of request.subscribe) this.#add(name);
    // A first request without names is the older way of asking for all.
    if (first && request.subscribe.length === 0) this.wildcard = true;
    if (first) {
      for (const [name, version] of request.initialVersions) {
        if (!this.wants(name)) continue;
        this.sent.set(name, { version });
        this.acked.set(name, version);
        this.#resend.delete(name);
      }
      this.answerDue = this.wildcard && this.sent.size === 0;
    }
    for (const name of request.unsubscribe) this.#remove(name);
    this.#checkSize();
  }

  #add(name: string): void {
    if (name === '*') {
      if (!this.wildcard) this.answerDue = true;
      this.wildcard = true;
      return;
    }
    this.names.add(name);
    // Asking again means: send again, whatever the version.
    for (const known of this.#sentUnder(name)) {
      this.rejected.delete(known);
      this.#resend.add(known);
    }
  }

  #remove(name: string): void {
    if (name === '*') {
      this.wildcard = false;
      for (const known of [...this.sent.keys()]) if (!this.names.has(known)) this.#forget(known);
      return;
    }
    if (!this.names.delete(name)) return;
    // Still covered by the wildcard: the client cannot know whether it exists, so it is told again.
    if (this.wildcard) this.#resend.add(name);
    else for (const known of this.#sentUnder(name)) if (!this.wants(known)) this.#forget(known);
  }

  #forget(name: string): void {
    this.sent.delete(name);
    this.acked.delete(name);
    this.rejected.delete(name);
    this.#resend.delete(name);
  }

  /** Takes a state-of-the-world request's names, which replace the earlier ones. */
  changeToNames(names: readonly string[], wildcardAllowed: boolean): void {
    const first = !this.subscribed;
    this.subscribed = true;
    this.#diff = undefined;
    const legacyWildcard = names.length === 0 && wildcardAllowed && (first || this.wildcard);
    const wildcard = legacyWildcard || names.includes('*');
    if (wildcard && !this.wildcard) this.answerDue = true;
    this.wildcard = wildcard;
    this.names.clear();
    for (const name of names) if (name !== '*') this.names.add(name);
    this.#checkSize();
    for (const known of [...this.sent.keys()]) if (!this.wants(known)) this.#forget(known);
  }

  /** What a client asks for stays until it is answered: also for one that never answers. */
  #checkSize(): void {
    for (const names of [this.names, this.#resend]) {
      if (names.size > maxNames) throw new SessionError(`more than ${maxNames} names of one type`);
      let characters = 0;
      for (const name of names) characters += name.length;
      if (characters > maxCharacters)
        throw new SessionError(`names of one type with more than ${maxCharacters} characters`);
    }
  }

  /** Sends `name` again at the next occasion, unless the client refused just this version. */
  sendAgain(name: string, version: string): void {
    if (!this.wants(name) || !this.sent.has(name) || this.rejected.get(name) === version) return;
    this.#resend.add(name);
    this.#diff = undefined;
  }

  diff(wanted: ReadonlyMap<string, XdsResource>): Diff {
    const known = this.#diff;
    if (known?.of === wanted) return known.diff;
    // In step with an earlier snapshot: only what has changed since then can differ.
    const diff = known?.diff === noDiff ? this.#step(known.of, wanted) : this.#compare(wanted);
    this.#diff = { of: wanted, diff: isEmpty(diff) ? noDiff : diff };
    return this.#diff.diff;
  }

  #compare(wanted: ReadonlyMap<string, XdsResource>): Diff {
    if (!this.subscribed) return noDiff;
    const updates: XdsResource[] = [];
    const consider = (resource: XdsResource): void => {
      const { name, version } = resource;
      if (this.sent.get(name)?.version !== version || this.#resend.has(name)) updates.push(resource);
    };
    const notices = new Set<string>();
    if (this.wildcard) wanted.forEach(consider);
    else if (this.type === 'virtualHost')
      for (const resource of wanted.values()) if (this.wants(resource.name)) consider(resource);
    for (const name of this.names) {
      const resource = wanted.get(name);
      if (resource === undefined) {
        if (this.sent.get(name) === undefined || (this.sent.get(name) === null && this.#resend.has(name)))
          notices.add(name);
      } else if (!this.wildcard && this.type !== 'virtualHost') consider(resource);
    }
    for (const name of this.#resend) if (!wanted.has(name) && !this.sent.get(name)) notices.add(name);
    const removals: string[] = [];
    for (const [name, sent] of this.sent) if (sent !== null && !wanted.has(name)) removals.push(name);
    return { updates, notices: [...notices], removals };
  }

  /** As `#compare`, for a client that has exactly `before`. */
  #step(before: ReadonlyMap<string, XdsResource>, wanted: ReadonlyMap<string, XdsResource>): Diff {
    const updates: XdsResource[] = [];
    const removals: string[] = [];
    for (const name of changedNames(before, wanted)) {
      if (!this.wants(name)) continue;
      const resource = wanted.get(name);
      const sent = this.sent.get(name);
      if (resource === undefined) {
        if (sent) removals.push(name);
      } else if (sent?.version !== resource.version) updates.push(resource);
    }
    return { updates, notices: [], removals };
  }

  /** Records a response as sent. */
  mark(nonce: string, now: number, updates: readonly XdsResource[], removed: readonly string[]): void {
    const names = new Map<string, string | null>();
    for (const resource of updates) {
      this.sent.set(resource.name, resource);
      names.set(resource.name, resource.version);
      this.#resend.delete(resource.name);
      if (this.rejected.get(resource.name) !== resource.version) this.rejected.delete(resource.name);
    }
    for (const name of removed) {
      if (this.names.has(name)) this.sent.set(name, null);
      else this.sent.delete(name);
      names.set(name, null);
      this.#resend.delete(name);
      this.rejected.delete(name);
    }
    this.pending = { nonce, sentAt: now, names };
    this.lastNonce = nonce;
    this.answerDue = false;
    const known = this.#diff;
    const all = known !== undefined && covers(known.diff, updates.length, removed.length);
    this.#diff = all ? { of: known.of, diff: noDiff } : undefined;
  }

  /** The client took the pending response. */
  accept(pending: Pending): void {
    for (const [name, version] of pending.names) {
      if (version === null) this.acked.delete(name);
      else if (this.wants(name)) {
        this.acked.set(name, version);
        this.rejected.delete(name);
      }
    }
    this.pending = undefined;
  }

  /**
   * The client refused the pending response because of `rejected`. What else was in it is sent again without
   * them: Envoy takes it, but forgets the versions, and would not name it when it comes back.
   */
  refuse(pending: Pending, rejected: ReadonlySet<string>): void {
    for (const [name, version] of pending.names) {
      if (!this.wants(name)) continue;
      if (!rejected.has(name)) {
        if (version === null && this.acked.has(name)) this.sent.set(name, { version: '' });
        else this.#resend.add(name);
      } else if (version !== null) this.rejected.set(name, version);
    }
    this.pending = undefined;
    this.#diff = undefined;
  }

  /** Nothing unsent, unanswered or refused: the client is where the snapshot is. */
  settled(wanted: ReadonlyMap<string, XdsResource>): boolean {
    if (!this.subscribed) return true;
    const { updates, removals } = this.diff(wanted);
    return (
      this.pending === undefined && updates.length === 0 && removals.length === 0 && this.rejected.size === 0
    );
  }
}

const isEmpty = ({ updates, notices, removals }: Diff): boolean =>
  updates.length + notices.length + removals.length === 0;

const covers = (diff: Diff, updates: number, removed: number): boolean =>
  diff.updates.length === updates && diff.notices.length + diff.removals.length === removed;
