import type { EdgeRules } from '@tulle/decision/edge-rules';
import type { Headers } from '@tulle/decision/headers';
import type { LocalReply } from '../local-reply.ts';

/** Fields that are too many, or named so that a backend may take them for others. A reply: refused. */
export function prepareFieldNames(
  headers: Headers,
  { underscores, maxFields }: Pick<EdgeRules, 'underscores' | 'maxFields'>,
): LocalReply | undefined {
  // Host is a field too, though it is kept elsewhere.
  if (headers.size + 1 > maxFields) return { status: 431, body: '', details: 'http.too_many_headers' };
  if (underscores === 'allow') return undefined;
  const doubtful = headers.names.filter((name) => name.includes('_'));
  if (doubtful.length === 0) return undefined;
  if (underscores === 'reject') return { status: 400, body: '', details: 'http.unexpected_underscore' };
  for (const name of doubtful) headers.remove(name);
  return undefined;
}
