import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import type { RequestInfo } from '../request-info.ts';
import { parameter, parseListOptions, type Query } from '../selection/list-options.ts';
import { getOne, listPage } from '../selection/page.ts';
import { shaperOf } from '../shapes/respond.ts';
import { methodNotAllowed } from '../status-error.ts';
import { streamWatch } from './watch.ts';

/** GET of an object, of its status, of a collection; or a watch. */
export async function read(
  request: FastifyRequest,
  reply: FastifyReply,
  info: RequestInfo,
  context: ApiContext,
): Promise<object | undefined> {
  const query = request.query as Query;
  if (info.subresource !== undefined && !info.subresource.verbs.includes('get')) throw methodNotAllowed();
  const shaper = shaperOf(request, info, context);
  if (info.name !== undefined) {
    return shaper.one(await getOne(context.store, info, parameter(query, 'resourceVersion')));
  }
  const options = parseListOptions(query, info.kind);
  if (!options.watch) return shaper.list(await listPage(context.store, info, options));
  streamWatch(reply, info, options, shaper, context);
  return undefined;
}
