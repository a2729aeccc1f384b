import { keySetProblem } from '@tulle/resources/istio/request-authentication/key-set';

/** Of a key: what verifies, and what says for what. Certificates would only make proxies' configuration larger. */
const fields = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use', 'key_ops'];

/**
 * A key set as proxies get it: equal keys give equal text.
 * @throws Error for one that can't verify anything
 */
export function plainKeySet(text: string): string {
  const problem = keySetProblem(text);
  if (problem !== undefined) throw new Error(`the key set ${problem}`);
  const { keys } = JSON.parse(text) as { readonly keys: readonly Record<string, unknown>[] };
  const plain = keys.map((key) =>
    Object.fromEntries(fields.flatMap((field) => (field in key ? [[field, key[field]]] : []))),
  );
  return JSON.stringify({ keys: plain });
}
