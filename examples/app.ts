/**
 * What the sample applications share: plain HTTP on 127.0.0.1:$PORT, no dependency, no idea of a mesh.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * The fields that an application passes on, so that the mesh can join the spans of one request and route by
 * user. Everything else about the mesh is the sidecar's business.
 */
const passedOn = [
  'end-user',
  'user-agent',
  'cookie',
  'authorization',
  'x-request-id',
  'traceparent',
  'tracestate',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
] as const;

export type PassedOn = Record<string, string>;

export function headersToPassOn(request: IncomingMessage): PassedOn {
  const headers: PassedOn = {};
  for (const name of passedOn) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

export const notFound = (response: ServerResponse): void => sendJson(response, 404, { error: 'not found' });

/** The instance's name, as `podname` in the answers. */
export const instanceName = process.env.TULLE_INSTANCE ?? process.env.HOSTNAME ?? 'unknown';

type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => void | Promise<void>;

/** Serves `handler` until SIGTERM, then finishes what is open. `GET /health` answers by itself. */
export function serve(name: string, handler: Handler): void {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://local');
    if (url.pathname === '/health') {
      sendJson(response, 200, { status: `${name} is healthy` });
      return;
    }
    Promise.resolve()
      .then(() => handler(request, response, url))
      .catch((error: unknown) => {
        console.error(`${request.method} ${request.url}: ${error instanceof Error ? error.message : error}`);
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, { error: 'internal error' });
      });
  });
  // The sidecar keeps its connections; close them after it does.
  server.keepAliveTimeout = 120_000;
  server.listen(Number(process.env.PORT ?? 9080), '127.0.0.1', () => console.log(`${name} listens`));
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

/** The last path segment as a product number; undefined unless it is a whole number. */
export function productId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
