import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@tulle/xds/clock';
import { formatEnrolmentToken, parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import type { Bound } from './bound.ts';
import type { Identity } from './spiffe.ts';

/** How long a token may wait to be used. */
export const tokenLifetimeMs = 10 * 60_000;
/** More tokens waiting at once than any start of a mesh needs; the oldest give way. */
const maxWaiting = 10_000;

/** What a token was made for. */
export interface Enrolment {
  readonly identity: Identity;
  readonly bound: Bound;
}

export interface EnrolmentTokens {
  /** A new single-use token. `expiresAt` is milliseconds since the epoch. */
  issue(enrolment: Enrolment): { readonly token: string; readonly expiresAt: number };
  /** What the token was made for; it is spent by this call. Undefined: unknown, spent, expired or forged. */
  redeem(token: string): Enrolment | undefined;
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
  const waiting = new Map<string, { hash: Buffer; expiresAt: number; enrolment: Enrolment }>();

  /** Insertion order is order of expiry. */
  function forgetOld(): void {
    for (const [id, entry] of waiting) {
      if (entry.expiresAt > clock.now() && waiting.size < maxWaiting) return;
      waiting.delete(id);
    }
  }

  return {
    issue(enrolment) {
      forgetOld();
      const id = randomBytes(9).toString('base64url');
      const secret = randomBytes(32).toString('base64url');
      const expiresAt = clock.now() + tokenLifetimeMs;
      waiting.set(id, { hash: hashOf(secret), expiresAt, enrolment });
      return { token: formatEnrolmentToken({ id, secret, rootPin }), expiresAt };
    },
    redeem(text) {
      const token = parseEnrolmentToken(text);
      const entry = token === undefined ? undefined : waiting.get(token.id);
      if (token === undefined || entry === undefined) return undefined;
      if (!timingSafeEqual(hashOf(token.secret), entry.hash)) return undefined;
      waiting.delete(token.id);
      return entry.expiresAt > clock.now() ? entry.enrolment : undefined;
    },
  };
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
