import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ResourceKind } from '@tulle/resources/kind';
import { type Clock, systemClock } from '@tulle/xds/clock';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Store, StoreError } from '../store/store.ts';
import { createAuthenticator } from './authenticate.ts';
import { parseJsonBody } from './body.ts';
import type { ApiContext } from './context.ts';
import { startEventExpiry } from './controllers/event-expiry.ts';
import { startNamespaceReaper } from './controllers/namespace-reaper.ts';
import { Front, type ServingCertificate } from './front/front.ts';
import { decodeKubernetes, kubernetesProtobuf } from './protobuf/decode.ts';
import { healthRoutes } from './routes/health.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { resourceRoutes } from './routes/resource-routes.ts';
import { ServedKinds } from './served-kinds.ts';
import * as refuse from './status-error.ts';
import { createResources, type Resources } from './writer/resources.ts';

export interface ApiServerOptions {
  readonly store: Store;
  readonly kinds: readonly ResourceKind[];
  /** The bearer token, at least 16 characters. */
  readonly token: string;
  readonly clock: Clock;
  /** With it the port answers HTTPS too: kubectl sends no token without. */
  readonly tls?: ServingCertificate;
  /** Gets what should not have happened. */
  readonly log: (message: string, error?: unknown) => void;
  /** The writer to use, if others write too; made from store, kinds and clock when absent. */
  readonly resources?: Resources;
  /** Routes beside the resources; they come under the same token and error format. */
  readonly routes?: (app: FastifyInstance) => void;
  /** Of Tulle, for /version. */
  readonly release?: string;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Between bookmarks of a watch; default a minute, as Kubernetes'. */
  readonly bookmarkEveryMs?: number;
}

export interface ApiServer {
  /** Binds; loopback unless another address is given. @throws the socket's error (EADDRINUSE) */
  listen(port: number, address?: string): Promise<string>;
  /** `http://127.0.0.1:8090`. @throws before listen */
  readonly url: string;
  /** Ends watches and idle connections, answers what is under way. */
  close(): Promise<void>;
}

const bodyLimit = 3 * 1024 * 1024;
const maxHeaderSize = 32 * 1024;
const withoutToken = new Set(['/healthz', '/livez', '/readyz']);

/** The HTTP API after the Kubernetes API conventions. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, kinds, clock, log } = options;
  const resources = options.resources ?? createResources({ store, kinds, clock });
  const context: ApiContext = {
    store,
    resources,
    clock,
    kinds: new ServedKinds(kinds),
    random: options.random ?? Math.random,
    bookmarkEvery: options.bookmarkEveryMs ?? 60_000,
    openWatches: new Set(),
  };
  let front: Front | undefined;
  const app = Fastify({
    bodyLimit,
    serverFactory: (handler) => {
      front = new Front(
        handler,
        { maxHeaderSize, headersTimeout: 10_000, requestTimeout: 60_000 },
        options.tls,
      );
      return front.http;
    },
    exposeHeadRoutes: false,
    // A path that can't be decoded never reaches a hook or a handler.
    frameworkErrors: (_, request, reply) => void sendError(refuse.noSuchPath(), request, reply, log),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      done(null, parseBody(request, body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  const authenticate = createAuthenticator(options.token);
  app.addHook('onRequest', async (request) => {
    const [path = ''] = request.url.split('?', 1);
    if (!withoutToken.has(path) && !authenticate(request.headers.authorization)) throw refuse.unauthorized();
  });
  app.addHook('preHandler', async ({ method, body, headers }) => {
    if ((method === 'POST' || method === 'PUT') && Buffer.isBuffer(body)) {
      if (headers['content-type'] !== undefined || body.length > 0)
        throw refuse.unsupportedMediaType(['application/json']);
    }
  });
  app.setErrorHandler(async (error, request, reply) => {
    if (asApiError(error).status.code === 413) await readRest(request.raw);
    return sendError(error, request, reply, log);
  });
  app.setNotFoundHandler((request, reply) => sendError(refuse.noSuchPath(), request, reply, log));

  healthRoutes(app, context, options.release ?? '0.1.0');
  openApiRoutes(app, context);
  options.routes?.(app);
  resourceRoutes(app, context);

  let reaper: { close(): Promise<void> } | undefined;
  let expiry: { close(): void } | undefined;
  let url: string | undefined;
  return {
    get url() {
      if (url === undefined) throw new Error('the API server is not listening');
      return url;
    },
    listen: async (port, address = '127.0.0.1') => {
      await app.ready();
      const listening = await front?.listen(port, address).catch(async (error: unknown) => {
        await front?.close(systemClock);
        throw error;
      });
      const onError = (error: unknown) => log('cleaning up', error);
      reaper = startNamespaceReaper({ store, resources, kinds, onError });
      expiry = startEventExpiry({ store, clock, onError });
      const bound = listening?.address() as AddressInfo;
      url = `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
      return url;
    },
    close: async () => {
      expiry?.close();
      await reaper?.close();
      for (const end of [...context.openWatches]) end();
      await front?.close(systemClock);
      await app.close();
    },
  };
}

/**
 * Throws away what a client still sends: while it writes it reads no answer, and a connection that is closed under
 * it takes the answer along. The request's timeout bounds it.
 */
async function readRest(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed) return;
  const ended = new Promise<void>((resolve) => request.once('close', resolve).once('end', resolve));
  request.resume();
  await ended;
}

function parseBody(request: FastifyRequest, body: Buffer): unknown {
  if (isJson(request)) return parseJsonBody(body);
  const [type] = (request.headers['content-type'] ?? '').split(';', 1);
  return type === kubernetesProtobuf && body.length > 0 ? decodeKubernetes(body) : body;
}

const isJson = ({ headers }: FastifyRequest): boolean =>
  /^application\/([a-z-]+\+)?json\s*(;|$)/i.test(headers['content-type'] ?? '');

/** Every refusal is a Status. */
function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: ApiServerOptions['log'],
): FastifyReply {
  const { status } = asApiError(error);
  if (status.code === 500) log(`${request.method} ${request.url.split('?', 1)[0]}`, error);
  if (status.code === 401) reply.header('www-authenticate', 'Bearer');
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  return reply.code(status.code).type('application/json').send(status);
}

function asApiError(error: unknown): refuse.ApiError {
  if (error instanceof refuse.ApiError) return error;
  if (error instanceof StoreError) {
    if (error.code === 'unavailable') return refuse.unavailable(error.message);
    if (error.code === 'malformed') return refuse.badRequest(error.message);
    if (error.code === 'expired') return refuse.expired(error.message);
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode === 413) return refuse.tooLarge(bodyLimit);
  if (statusCode === 415) return refuse.unsupportedMediaType(['application/json']);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return refuse.badRequest(message ?? '');
  return refuse.internal(message ?? String(error));
}
