import type { Headers } from '../headers.ts';
import type { Random } from '../match.ts';
import type { HashPolicy } from '../tables/route-action.ts';
import { hash32 } from './hash.ts';

/** What a request brings that can be hashed. */
export interface HashSubject {
  readonly headers: Headers;
  /** With its query. */
  readonly path: string;
  /** The client's, without port. */
  readonly remoteAddress: string;
}

export interface RequestHash {
  /** Unsigned 32 bits; undefined: nothing of what the policies name is there. */
  readonly hash: number | undefined;
  /** `Set-Cookie` for who came without a cookie that keeps it where it is. */
  readonly cookie: string | undefined;
}

function cookieOf(headers: Headers, name: string): string | undefined {
  for (const value of headers.all('cookie')) {
    for (const pair of value.split(';')) {
      const equals = pair.indexOf('=');
      if (equals > 0 && pair.slice(0, equals).trim() === name)
        return pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1');
    }
  }
  return undefined;
}

function textOf(policy: HashPolicy, { headers, path, remoteAddress }: HashSubject): string | undefined {
  switch (policy.kind) {
    case 'header':
      return policy.name === ':path' ? path : headers.joined(policy.name);
    case 'cookie':
      return cookieOf(headers, policy.name);
    case 'source-ip':
      return remoteAddress;
    case 'query':
      return new URLSearchParams(path.slice(path.indexOf('?') + 1)).get(policy.name) ?? undefined;
  }
}

/** 64 random bits in hexadecimal. */
const newValue = (random: Random): string =>
  [random(), random()]
    .map((part) =>
      Math.floor(part * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('');

/** As Envoy's: a `ttl` of 0 is a session cookie; scripts don't see it. */
function setCookie({ name, ttlMs = 0, path, attributes = [] }: HashPolicy, value: string): string {
  return [
    `${name}=${value}`,
    ...(ttlMs > 0 ? [`Max-Age=${Math.ceil(ttlMs / 1_000)}`] : []),
    ...(path === undefined ? [] : [`Path=${path}`]),
    ...attributes.map((attribute) =>
      attribute.value === '' ? attribute.name : `${attribute.name}=${attribute.value}`,
    ),
    'HttpOnly',
  ].join('; ');
}

/** All that the policies name, mixed. A cookie that has a `ttl` is made for who brings none. */
export function requestHash(
  policies: readonly HashPolicy[],
  subject: HashSubject,
  random: Random,
): RequestHash {
  let hash: number | undefined;
  let cookie: string | undefined;
  for (const policy of policies) {
    let text = textOf(policy, subject);
    if (text === undefined && policy.kind === 'cookie' && policy.ttlMs !== undefined) {
      text = newValue(random);
      cookie = setCookie(policy, text);
    }
    if (text === undefined) continue;
    hash = hash32(text, hash ?? 0);
    if (policy.terminal) break;
  }
  return { hash, cookie };
}
