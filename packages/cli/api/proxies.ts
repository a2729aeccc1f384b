import type { ProxyStatus, ProxyTypeStatus } from '@tulle/control-plane/routes/proxies';
import { Failure, usageError } from '../failure.ts';
import type { ApiClient } from './client.ts';

export type { ProxyStatus, ProxyTypeStatus };

/** Where every connected proxy stands, as the control plane sees it. */
export async function listProxies(client: ApiClient): Promise<readonly ProxyStatus[]> {
  const answer = (await client.request('GET', '/apis/tulle.dev/v1alpha1/proxies')) as {
    items?: ProxyStatus[];
  };
  return answer.items ?? [];
}

/**
 * The proxy that a user means: `reviews-v1-0`, `reviews-v1-0.ns`, `ns/reviews-v1-0`, or a workload that has
 * just one instance.
 * @throws Failure when there is none, or several fit
 */
export function findProxy(
  proxies: readonly ProxyStatus[],
  text: string,
  namespace: string | undefined,
): ProxyStatus {
  const [before, after] = text.split('/');
  const dot = text.indexOf('.');
  const [name, ns] =
    after !== undefined
      ? [after, before]
      : dot > 0
        ? [text.slice(0, dot), text.slice(dot + 1)]
        : [text, namespace];
  if (!name) throw usageError(`"${text}" is no proxy's name`);
  const inNamespace = proxies.filter(({ metadata }) => ns === undefined || metadata.namespace === ns);
  const exact = inNamespace.filter(({ metadata }) => metadata.name === name);
  const found = exact.length > 0 ? exact : inNamespace.filter(({ workload }) => workload === name);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const known = (only === undefined ? proxies : found).map(
    ({ metadata }) => `  ${metadata.name}.${metadata.namespace}`,
  );
  throw new Failure(
    [
      only === undefined ? `no proxy "${text}" is connected. There are:` : `several proxies fit "${text}":`,
      ...known,
    ].join('\n'),
  );
}
