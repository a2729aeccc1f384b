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
  for (let at = headers.size - 1; at >= 0; at--) {
    if (!headers.nameAt(at).includes('_')) continue;
    if (underscores === 'reject') return { status: 400, body: '', details: 'http.unexpected_underscore' };
    headers.removeAt(at);
  }
  return undefined;
}
