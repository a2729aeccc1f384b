import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { openApiV2, openApiV3, openApiV3Index, type Schemas } from '../openapi.ts';
import { encodeOpenApiV2, openApiV2Protobuf } from '../protobuf/openapi-v2.ts';
import { assertJson, parseAccept } from '../shapes/negotiate.ts';
import { noSuchPath } from '../status-error.ts';

/** Loaded late: most runs of the control plane never need the schemas as JSON. */
const loadSchemas = async (): Promise<Schemas> => (await import('@tulle/resources/openapi')).openApiSchemas();

/** /openapi/v2, /openapi/v3 and its documents. They are made when first asked for and kept. */
export function openApiRoutes(app: FastifyInstance, { kinds }: ApiContext): void {
  const made = new Map<string, object | undefined>();
  let schemas: Promise<Schemas> | undefined;
  const once = async (name: string, make: (schemas: Schemas) => object | undefined): Promise<object> => {
    schemas ??= loadSchemas();
    if (!made.has(name)) made.set(name, make(await schemas));
    const document = made.get(name);
    if (document === undefined) throw noSuchPath();
    return document;
  };
  app.addHook('onRequest', async (request) => {
    if (request.url.startsWith('/openapi/v3')) assertJson(request.headers.accept);
  });
  let encoded: Uint8Array | undefined;
  app.get('/openapi/v2', async ({ headers: { accept } }, reply) => {
    const document = await once('v2', (schemas) => openApiV2(kinds, schemas));
    if (!parseAccept(accept).some(({ type }) => type === openApiV2Protobuf)) {
      assertJson(accept);
      return document;
    }
    encoded ??= encodeOpenApiV2({ ...document });
    return reply.type(openApiV2Protobuf).send(Buffer.from(encoded));
  });
  app.get('/openapi/v3', async () => once('v3', (schemas) => openApiV3Index(kinds, schemas)));
  app.get<{ Params: { version: string } }>('/openapi/v3/api/:version', async ({ params: { version } }) =>
    once(`v3/${version}`, (schemas) => openApiV3(kinds, schemas, '', version)),
  );
  app.get<{ Params: { group: string; version: string } }>(
    '/openapi/v3/apis/:group/:version',
    async ({ params: { group, version } }) =>
      once(`v3/${group}/${version}`, (schemas) => openApiV3(kinds, schemas, group, version)),
  );
}
