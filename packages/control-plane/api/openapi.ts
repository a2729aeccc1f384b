import { createHash } from 'node:crypto';
import type { ResourceKind } from '@tulle/resources/kind';
import { patchTypesOf } from './patch/apply.ts';
import { formatApiVersion, hasStatus, mainVerbs, type ServedKinds } from './served-kinds.ts';

/** OpenAPI schemas by component name; refs point to `#/components/schemas/NAME`. */
export type Schemas = Readonly<Record<string, object>>;

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Operation {
  readonly verb: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
}

const info = { title: 'Tulle', version: 'v1' };
const refPrefix = '#/components/schemas/';

const parameter = (name: string, type: string, description: string) => ({
  name,
  in: 'query',
  description,
  schema: { type, uniqueItems: true },
});

const listParameters = [
  parameter('labelSelector', 'string', 'Only objects whose labels match.'),
  parameter('fieldSelector', 'string', 'Only objects whose fields match.'),
  parameter('limit', 'integer', 'At most so many objects in one answer.'),
  parameter('continue', 'string', 'The next page: from metadata.continue of the one before.'),
  parameter('resourceVersion', 'string', 'The revision to show, or to watch from.'),
  parameter('resourceVersionMatch', 'string', 'How resourceVersion counts: Exact or NotOlderThan.'),
  parameter('timeoutSeconds', 'integer', 'Ends a watch after so long.'),
  parameter('watch', 'boolean', 'Stream changes instead of listing.'),
  parameter('allowWatchBookmarks', 'boolean', 'Send BOOKMARK events.'),
];

const writeParameters = [
  parameter('dryRun', 'string', 'All: everything but the write.'),
  parameter('fieldManager', 'string', 'Who writes; has no effect.'),
  parameter('fieldValidation', 'string', 'What becomes of unknown fields: Strict, Warn or Ignore.'),
];

const collectionOperations: readonly Operation[] = [
  { verb: 'list', method: 'get' },
  { verb: 'create', method: 'post' },
  { verb: 'deletecollection', method: 'delete' },
];

const itemOperations: readonly Operation[] = [
  { verb: 'get', method: 'get' },
  { verb: 'update', method: 'put' },
  { verb: 'patch', method: 'patch' },
  { verb: 'delete', method: 'delete' },
];

/** GET /openapi/v3: where the document of each group version is. */
export function openApiV3Index(kinds: ServedKinds, schemas: Schemas): object {
  const roots = groupVersions(kinds).map(({ group, version, root }) => {
    const hash = createHash('sha256')
      .update(JSON.stringify(openApiV3(kinds, schemas, group, version)))
      .digest('hex')
      .toUpperCase();
    return [root, { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` }] as const;
  });
  return { paths: Object.fromEntries(roots) };
}

function groupVersions(kinds: ServedKinds): { group: string; version: string; root: string }[] {
  const named = [...kinds.groups()].flatMap(([group, versions]) =>
    versions.map((version) => ({ group, version, root: `apis/${group}/${version}` })),
  );
  return [{ group: '', version: 'v1', root: 'api/v1' }, ...named];
}

/** GET /openapi/v3/apis/GROUP/VERSION; undefined for what isn't served. */
export function openApiV3(
  kinds: ServedKinds,
  schemas: Schemas,
  group: string,
  version: string,
): object | undefined {
  if (!kinds.serves(group, version)) return undefined;
  const served = kinds.in(group, version);
  const names = served.map(
    (kind) => [kind, schemaNameOf(schemas, { group, version, kind: kind.kind })] as const,
  );
  const paths = names.flatMap(([kind, name]) => pathsOf(kind, version, name));
  const used = closure(
    schemas,
    names.flatMap(([, name]) => name ?? []),
  );
  return {
    openapi: '3.0.0',
    info,
    paths: Object.fromEntries(paths),
    components: { schemas: used },
  };
}

/** GET /openapi/v2: all in one, with `definitions`. */
export function openApiV2(kinds: ServedKinds, schemas: Schemas): object {
  const paths = groupVersions(kinds).flatMap(({ group, version }) =>
    kinds.in(group, version).flatMap((kind) => {
      const name = schemaNameOf(schemas, { group, version, kind: kind.kind });
      return pathsOf(kind, version, name).map(([path, item]) => [path, swaggerItem(item)] as const);
    }),
  );
  const document = { swagger: '2.0', info, paths: Object.fromEntries(paths), definitions: schemas };
  const text = JSON.stringify(document).replaceAll(`"${refPrefix}`, '"#/definitions/');
  return JSON.parse(text) as object;
}

type PathItem = Record<string, object>;

function pathsOf(kind: ResourceKind, version: string, schema: string | undefined): [string, PathItem][] {
  const root = kind.group === '' ? '/api/v1' : `/apis/${kind.group}/${version}`;
  const scope = kind.namespaced ? `${root}/namespaces/{namespace}` : root;
  const collection = `${scope}/${kind.plural}`;
  const item = `${collection}/{name}`;
  const paths: [string, PathItem][] = [
    [collection, pathItem(kind, version, schema, collectionOperations, mainVerbs(kind))],
    [item, pathItem(kind, version, schema, itemOperations, mainVerbs(kind))],
  ];
  if (kind.namespaced)
    paths.push([`${root}/${kind.plural}`, pathItem(kind, version, schema, collectionOperations, ['list'])]);
  if (hasStatus(kind))
    paths.push([
      `${item}/status`,
      pathItem(kind, version, schema, itemOperations, ['get', 'update', 'patch']),
    ]);
  return paths;
}

function pathItem(
  kind: ResourceKind,
  version: string,
  schema: string | undefined,
  operations: readonly Operation[],
  verbs: readonly string[],
): PathItem {
  const content = {
    'application/json': { schema: schema === undefined ? { type: 'object' } : { $ref: refPrefix + schema } },
  };
  const gvk = { group: kind.group, version, kind: kind.kind };
  const entries = operations
    .filter(({ verb }) => verbs.includes(verb))
    .map(({ verb, method }) => {
      const writes = method === 'post' || method === 'put' || method === 'patch';
      const bodyTypes = method === 'patch' ? patchTypesOf(kind) : ['application/json'];
      const body = method === 'patch' ? { schema: { type: 'object' } } : content['application/json'];
      const operation = {
        operationId: `${verb}${kind.kind}${formatApiVersion(kind.group, version).replaceAll(/[^A-Za-z0-9]/g, '')}`,
        description: `${verb} ${kind.kind}`,
        parameters:
          verb === 'list' || verb === 'deletecollection' ? listParameters : writes ? writeParameters : [],
        ...(writes && {
          requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, body])) },
        }),
        responses: { [method === 'post' ? '201' : '200']: { description: 'OK', content } },
        'x-kubernetes-action': verb,
        'x-kubernetes-group-version-kind': gvk,
      };
      return [method, operation] as const;
    });
  return Object.fromEntries(entries);
}

/** A path item of OpenAPI 3 as one of Swagger 2. */
function swaggerItem(item: PathItem): PathItem {
  const operations = Object.entries(item).map(([method, operation]) => {
    const { parameters, responses, requestBody, ...rest } = operation as Record<string, unknown>;
    const converted = (parameters as (typeof listParameters)[number][]).map(({ schema, ...one }) => ({
      ...one,
      ...schema,
    }));
    const schema = bodySchema(requestBody) ?? bodySchema(Object.values(responses as object)[0]);
    const body = requestBody === undefined ? [] : [{ name: 'body', in: 'body', required: true, schema }];
    const [code = '200'] = Object.keys(responses as object);
    const answers = { [code]: { description: 'OK', ...(schema !== undefined && { schema }) } };
    const consumes = Object.keys((requestBody as { content?: object } | undefined)?.content ?? {});
    const types = { ...(consumes.length > 0 && { consumes }), produces: ['application/json'] };
    return [method, { ...rest, ...types, parameters: [...converted, ...body], responses: answers }] as const;
  });
  return Object.fromEntries(operations);
}

function bodySchema(holder: unknown): object | undefined {
  const { content = {} } = (holder ?? {}) as { content?: Record<string, { schema?: object }> };
  return Object.values(content)[0]?.schema;
}

function schemaNameOf(schemas: Schemas, { group, version, kind }: GroupVersionKind): string | undefined {
  return Object.entries(schemas).find(([, schema]) => {
    const { 'x-kubernetes-group-version-kind': gvks = [] } = schema as { [key: string]: GroupVersionKind[] };
    return [gvks].flat().some((gvk) => gvk.group === group && gvk.version === version && gvk.kind === kind);
  })?.[0];
}

/** The named schemas and all that they refer to. */
function closure(schemas: Schemas, names: readonly string[]): Schemas {
  const used = new Map<string, object>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const schema = schemas[name];
    if (schema === undefined || used.has(name)) continue;
    used.set(name, schema);
    for (const [, ref] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      if (ref) queue.push(ref);
  }
  return Object.fromEntries([...used].sort(([a], [b]) => (a < b ? -1 : 1)));
}
