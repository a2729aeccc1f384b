import { parseEnrolmentToken } from '@tulle/xds/enrolment-token';
import { ManualClock } from '@tulle/xds/manual-clock.fixture';
import { describe, expect, it } from 'vitest';
import { createEnrolmentTokens, tokenLifetimeMs } from './enrolment.ts';

const enrolment = {
  identity: { namespace: 'default', serviceAccount: 'reviews' },
  bound: { commonName: 'reviews-v1-0' },
};
const rootPin = 'ab'.repeat(32);

function setUp() {
  const clock = new ManualClock();
  return { clock, tokens: createEnrolmentTokens({ clock, rootPin }) };
}

describe('an enrolment token', () => {
  it('carries the pin of the root and is redeemed by one request, however often that comes', () => {
    const { tokens, clock } = setUp();
    const { token } = tokens.issue(enrolment);
    expect(parseEnrolmentToken(token)?.rootPin).toBe(rootPin);
    expect(tokens.redeem(token, 'a CSR')).toEqual(enrolment);
    expect(tokens.redeem(token, 'another CSR')).toBeUndefined();
    expect(tokens.redeem(token, 'a CSR')).toEqual(enrolment);
    clock.advance(tokenLifetimeMs);
    expect(tokens.redeem(token, 'a CSR')).toBeUndefined();
  });

  it('dies after ten minutes', () => {
    const { clock, tokens } = setUp();
    const { token, expiresAt } = tokens.issue(enrolment);
    expect(expiresAt).toBe(clock.now() + tokenLifetimeMs);
    clock.advance(tokenLifetimeMs);
    expect(tokens.redeem(token, 'a CSR')).toBeUndefined();
  });

  it('is not spent by a guess at its secret', () => {
    const { tokens } = setUp();
    const { token } = tokens.issue(enrolment);
    const [form, id, , pin] = token.split('.');
    expect(tokens.redeem([form, id, 'A'.repeat(43), pin].join('.'), 'a CSR')).toBeUndefined();
    expect(tokens.redeem(token, 'a CSR')).toEqual(enrolment);
  });

  it('gives way when far too many wait: the oldest first', () => {
    const { tokens } = setUp();
    const [oldest, next] = Array.from({ length: 10_001 }, () => tokens.issue(enrolment).token);
    expect(tokens.redeem(oldest as string, 'a CSR')).toBeUndefined();
    expect(tokens.redeem(next as string, 'a CSR')).toEqual(enrolment);
  });

  it.each(['', 'tulle1', 'tulle1...', 'x'.repeat(10_000), 'tulle1.__proto__.a.b'])('is not %j', (text) => {
    expect(setUp().tokens.redeem(text, 'a CSR')).toBeUndefined();
  });
});
