import type { Headers } from './headers.ts';
import type { CorsRule } from './tables/cors.ts';

type Fields = Readonly<Record<string, string>>;

/** Whether a request of another origin asks what it may do (Fetch standard, CORS-preflight request). */
export function isPreflight(method: string, headers: Headers): boolean {
  return method === 'OPTIONS' && Boolean(headers.get('access-control-request-method'));
}

/**
 * The fields of a 200 to a preflight, without body; undefined: the service answers it.
 * @param origin the request's, not empty
 */
export function preflightAnswer(rule: CorsRule, origin: string, headers: Headers): Fields | undefined {
  const allowed = rule.allowsOrigin(origin);
  if (!allowed && rule.forwardsUnmatched) return undefined;
  const echoed = (list: string, asked: string): string => (list === '*' ? (headers.get(asked) ?? '') : list);
  const asksPrivate = headers.get('access-control-request-private-network') === 'true';
  return withoutEmpty({
    'access-control-allow-origin': allowed ? origin : '',
    'access-control-allow-credentials': rule.credentials ? 'true' : '',
    'access-control-allow-methods': echoed(rule.methods, 'access-control-request-method'),
    'access-control-allow-headers': echoed(rule.headers, 'access-control-request-headers'),
    'access-control-max-age': rule.maxAge,
    'access-control-allow-private-network': rule.privateNetwork && asksPrivate ? 'true' : '',
  });
}

/** What an answer to an allowed origin says; it replaces what the service said of these. */
export function responseFields(rule: CorsRule, origin: string): Fields {
  return withoutEmpty({
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': rule.credentials ? 'true' : '',
    'access-control-expose-headers': rule.exposed,
  });
}

function withoutEmpty(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}
