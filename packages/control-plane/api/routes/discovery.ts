import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  aggregatedDiscovery,
  aggregatedType,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
} from '../discovery.ts';
import type { ServedKinds } from '../served-kinds.ts';
import { assertJson, negotiateDiscovery } from '../shapes/negotiate.ts';

/** The discovery document at a path; undefined for paths that are none. */
export function discover(
  segments: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
  kinds: ServedKinds,
): object | undefined {
  if (request.method !== 'GET') return undefined;
  const [root, first, second] = segments;
  const { accept } = request.headers;
  if (segments.length === 1 && (root === 'api' || root === 'apis')) {
    if (negotiateDiscovery(accept) === 'v2') {
      reply.header('content-type', aggregatedType).header('vary', 'Accept');
      return aggregatedDiscovery(kinds, root);
    }
    return root === 'api' ? apiVersions(request.host) : apiGroupList(kinds);
  }
  let document: object | undefined;
  if (root === 'api' && segments.length === 2) document = apiResourceList(kinds, '', first ?? '');
  if (root === 'apis' && segments.length === 2) document = apiGroup(kinds, first ?? '');
  if (root === 'apis' && segments.length === 3) document = apiResourceList(kinds, first ?? '', second ?? '');
  if (document !== undefined) assertJson(accept);
  return document;
}
