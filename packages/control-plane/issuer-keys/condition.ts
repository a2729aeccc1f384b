import type { Resource } from '@tulle/resources/kind';
import type { ConfigModel } from '../model/model.ts';
import { originOf, resourceKey } from '../model/origin.ts';
import type { Finding } from '../status/conditions.ts';

/** `KeysFetched` of a RequestAuthentication; undefined: it has its keys in itself. */
export function keysCondition(
  resource: Resource,
  { requestAuthentications, keySets }: Pick<ConfigModel, 'requestAuthentications' | 'keySets'>,
  failure: (url: string) => string | undefined,
): Finding | undefined {
  const key = resourceKey(originOf(resource));
  const urls = requestAuthentications.all.flatMap(({ keys, origin }) =>
    keys === undefined || resourceKey(origin) !== key ? [] : [keys.url],
  );
  if (urls.length === 0) return undefined;
  const missing = urls.flatMap((url) => {
    const why = failure(url) ?? (keySets.has(url) ? undefined : 'has not answered yet');
    return why === undefined
      ? []
      : [`${url}: ${why}; ${keySets.has(url) ? 'the keys of before are used' : 'tokens are refused'}`];
  });
  const hasFailed = urls.some((url) => failure(url) !== undefined);
  return {
    type: 'KeysFetched',
    status: missing.length === 0 ? 'True' : 'False',
    reason: missing.length === 0 ? 'Fetched' : hasFailed ? 'FetchFailed' : 'Fetching',
    message: missing.join('; '),
    observedGeneration: resource.metadata.generation ?? 0,
  };
}
