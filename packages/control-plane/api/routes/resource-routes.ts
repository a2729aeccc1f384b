import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { requestInfo } from '../request-info.ts';
import { methodNotAllowed, noSuchPath } from '../status-error.ts';
import { discover } from './discovery.ts';
import { read } from './read.ts';
import { create, deleteCollection, deleteOne, patch, update } from './write.ts';

/** Everything under /api and /apis that no route of its own answers. */
export function resourceRoutes(app: FastifyInstance, context: ApiContext): void {
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<object | undefined> => {
    const segments = segmentsOf(request.url);
    const document = discover(segments, request, reply, context.kinds);
    if (document !== undefined) return document;
    const info = requestInfo(segments, context.kinds);
    if (info === undefined) throw noSuchPath();
    switch (request.method) {
      case 'GET':
        return read(request, reply, info, context);
      case 'POST':
        return create(request, reply, info, context);
      case 'PUT':
        return update(request, reply, info, context);
      case 'PATCH':
        return patch(request, reply, info, context);
      case 'DELETE':
        return info.name === undefined
          ? deleteCollection(request, reply, info, context)
          : deleteOne(request, reply, info, context);
      default:
        throw methodNotAllowed();
    }
  };
  for (const url of ['/api', '/api/*', '/apis', '/apis/*'])
    app.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url, handler: handle });
}

/** The decoded path without its empty segments. @throws ApiError 404 for a path that can't be decoded */
function segmentsOf(url: string): string[] {
  const [path = ''] = url.split('?', 1);
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    throw noSuchPath();
  }
}
