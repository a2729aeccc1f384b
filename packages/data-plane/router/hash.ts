import { hash32 } from '@tulle/decision/balance/hash';
import type { Headers } from '@tulle/decision/headers';
import type { HashPolicy } from '@tulle/decision/tables/route-action';

function cookie(headers: Headers, name: string): string | undefined {
  for (const value of headers.all('cookie')) {
    for (const pair of value.split(';')) {
      const equals = pair.indexOf('=');
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
  }
  return undefined;
}

function subject(
  policy: HashPolicy,
  headers: Headers,
  path: string,
  remoteAddress: string,
): string | undefined {
  switch (policy.kind) {
    case 'header':
      return policy.name === ':path' ? path : headers.joined(policy.name);
    case 'cookie':
      return cookie(headers, policy.name);
    case 'source-ip':
      return remoteAddress;
    case 'query':
      return new URLSearchParams(path.slice(path.indexOf('?') + 1)).get(policy.name) ?? undefined;
  }
}

/** All that the policies name, mixed; undefined: none of it is there. */
export function requestHash(
  policies: readonly HashPolicy[],
  headers: Headers,
  path: string,
  remoteAddress: string,
): number | undefined {
  let hash: number | undefined;
  for (const policy of policies) {
    const text = subject(policy, headers, path, remoteAddress);
    if (text === undefined) continue;
    hash = hash32(text, hash ?? 0);
    if (policy.terminal) break;
  }
  return hash;
}
