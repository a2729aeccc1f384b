import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@tulle/xds/clock';
import { formatEnrolmentToken, parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import type { Bound } from './bound.ts';
import type { Identity } from './spiffe.ts';

/** How long a token may wait to be used. */
export const tokenLifetimeMs = 10 * 60_000;
/** More tokens at once than any start of a mesh needs, spent or not; the oldest give way. */
const maxTokens = 10_000;

/** What a token was made for. */
export interface Enrolment {
  readonly identity: Identity;
  readonly bound: Bound;
}

export interface EnrolmentTokens {
  /** A new single-use token. `expiresAt` is milliseconds since the epoch. */
  issue(enrolment: Enrolment): { readonly token: string; readonly expiresAt: number };
  /**
   * What the token was made for; it is spent by this request. The same one again is a client that has not heard the answer:
   * it gets another, for the key that only it has. Undefined: unknown, spent by another request, expired or forged.
   */
  redeem(token: string, request: string): Enrolment | undefined;
}

interface Token {
  readonly hash: Buffer;
  readonly expiresAt: number;
  readonly enrolment: Enrolment;
  /** Hash of the request that came with it first. */
  spentBy: Buffer | undefined;
}

/**
 * Tokens are kept hashed and in memory alone: they live for ten minutes, and whoever starts a proxy asks
 * for a new one at each start, so those of a control plane that restarted are simply asked for again.
 */
export function createEnrolmentTokens(options: {
  readonly clock: Clock;
  readonly rootPin: string;
}): EnrolmentTokens {
  const { clock, rootPin } = options;
  const tokens = new Map<string, Token>();

  /** Insertion order is order of expiry. */
  function forgetOld(): void {
    for (const [id, entry] of tokens) {
      if (entry.expiresAt > clock.now() && tokens.size < maxTokens) return;
      tokens.delete(id);
    }
  }

  return {
    issue(enrolment) {
      forgetOld();
      const id = randomBytes(9).toString('base64url');
      const secret = randomBytes(32).toString('base64url');
      const expiresAt = clock.now() + tokenLifetimeMs;
      tokens.set(id, { hash: hashOf(secret), expiresAt, enrolment, spentBy: undefined });
      return { token: formatEnrolmentToken({ id, secret, rootPin }), expiresAt };
    },
    redeem(text, request) {
      const token = parseEnrolmentToken(text);
      const entry = token === undefined ? undefined : tokens.get(token.id);
      if (token === undefined || entry === undefined) return undefined;
      if (!timingSafeEqual(hashOf(token.secret), entry.hash)) return undefined;
      const by = hashOf(request);
      entry.spentBy ??= by;
      return entry.spentBy.equals(by) && entry.expiresAt > clock.now() ? entry.enrolment : undefined;
    },
  };
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
