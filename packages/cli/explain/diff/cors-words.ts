import type { JsonObject } from '@tulle/xds/json';
import { list, text } from '../../api/config-dump.ts';
import { durationWords } from './duration-words.ts';
import type { Facts } from './facts.ts';

/** envoy.extensions.filters.http.cors.v3.CorsPolicy, by the fields of a VirtualService's corsPolicy. */
export function corsWords(policy: JsonObject): Facts {
  const origins = list(policy, 'allowOriginStringMatch').map((origin) => {
    const [kind, value] = [
      ['is', text(origin, 'exact')],
      ['begins with', text(origin, 'prefix')],
      ['matches', text(origin, 'safeRegex', 'regex')],
    ].find(([, found]) => found !== '') ?? ['is', ''];
    return kind === 'is' ? value : `what ${kind} ${value}`;
  });
  const age = text(policy, 'maxAge');
  return new Map(
    [
      ['CORS: origins', origins.join(', ')],
      ['CORS: methods', text(policy, 'allowMethods')],
      ['CORS: request headers', text(policy, 'allowHeaders')],
      ['CORS: response headers', text(policy, 'exposeHeaders')],
      ['CORS: kept for', age === '' ? '' : (durationWords({ seconds: age, nanos: 0 }) ?? age)],
      ['CORS: credentials', policy.allowCredentials === true ? 'allowed' : ''],
      ['CORS: preflights of other origins', policy.forwardNotMatchingPreflights === true ? 'go on' : ''],
    ].filter((fact): fact is [string, string] => fact[1] !== ''),
  );
}
