import type { Resource } from '@tulle/resources/kind';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import type { RequestInfo } from '../request-info.ts';
import { parameter, type Query } from '../selection/list-options.ts';
import type { Page } from '../selection/page.ts';
import { formatApiVersion, inVersion } from '../served-kinds.ts';
import { badRequest } from '../status-error.ts';
import { negotiateShape, type Shape } from './negotiate.ts';
import { type IncludeObject, toPartial, toTable } from './table.ts';
import { warningHeaders } from './warning-header.ts';

/** How one request wants its objects. */
export interface Shaper {
  readonly shape: Shape;
  one(resource: Resource): object;
  list(page: Page): object;
  /** An object inside a watch; a Table's columns come with the first only. */
  event(resource: Resource): object;
  bookmark(resourceVersion: string): object;
}

/** @throws ApiError 400, 406 */
export function shaperOf(request: FastifyRequest, info: RequestInfo, { clock }: ApiContext): Shaper {
  const query = request.query as Query;
  const isList = info.name === undefined;
  const shape = negotiateShape(request.headers.accept, isList && !isWatch(query));
  const includeObject = includeObjectOf(query);
  const { kind, version } = info;
  const apiVersion = formatApiVersion(kind.group, version);
  let withColumns = true;
  const table = (items: readonly Resource[], metadata: Record<string, unknown>): object => {
    const made = toTable(items, info, { now: clock.now(), includeObject, metadata, withColumns });
    return made;
  };
  const versionOf = ({ metadata: { resourceVersion = '' } }: Resource) => ({ resourceVersion });
  const one = (resource: Resource): object => {
    if (shape === 'Table') return table([resource], versionOf(resource));
    if (shape === 'Object') return inVersion(resource, info);
    return toPartial(resource);
  };
  return {
    shape,
    one,
    list: ({ items, metadata }) => {
      if (shape === 'Table') return table(items, metadata);
      if (shape === 'Object')
        return {
          kind: `${kind.kind}List`,
          apiVersion,
          metadata,
          items: items.map((item) => inVersion(item, info)),
        };
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        items: items.map(toPartial),
      };
    },
    event: (resource) => {
      const object = one(resource);
      withColumns = false;
      return object;
    },
    bookmark: (resourceVersion) => {
      const metadata = { resourceVersion, creationTimestamp: null };
      if (shape === 'Table') return table([], { resourceVersion });
      if (shape === 'Object') return { kind: kind.kind, apiVersion, metadata };
      return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    },
  };
}

const isWatch = (query: Query): boolean => /^(1|t|true|)$/i.test(parameter(query, 'watch') ?? 'false');

function includeObjectOf(query: Query): IncludeObject {
  const value = parameter(query, 'includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`includeObject: must be None, Metadata or Object, not "${value}"`);
}

export function sendWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  const headers = warningHeaders(warnings);
  if (headers.length > 0) reply.header('warning', headers);
}
