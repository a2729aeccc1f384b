import type { Resource } from '@tulle/resources/kind';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { duplicateFieldsOf } from '../body.ts';
import type { ApiContext } from '../context.ts';
import { patchChange } from '../patch/apply.ts';
import type { RequestInfo } from '../request-info.ts';
import { parseListOptions, parseWriteOptions, type Query } from '../selection/list-options.ts';
import { listPage } from '../selection/page.ts';
import { inVersion, subjectOf } from '../served-kinds.ts';
import { sendWarnings, shaperOf } from '../shapes/respond.ts';
import { ApiError, badRequest, invalid, methodNotAllowed, success } from '../status-error.ts';
import { decodeObject } from '../writer/decode.ts';
import { keyOf, type UpdateOptions, type Written } from '../writer/resources.ts';
import { parseDeleteOptions } from './delete-options.ts';

type Handler = (
  request: FastifyRequest,
  reply: FastifyReply,
  info: RequestInfo,
  context: ApiContext,
) => Promise<object>;

/** POST to a collection. */
export const create: Handler = async (request, reply, info, context) => {
  if (info.name !== undefined) throw methodNotAllowed();
  assertWritable(info);
  const { dryRun, fieldValidation } = parseWriteOptions(request.query as Query);
  const shaper = shaperOf(request, { ...info, name: '' }, context);
  const resource = placed(decodeObject(request.body, info), info);
  const repeated = checkDuplicates(request.body, fieldValidation);
  const written = await context.resources.create(resource, { dryRun, fieldValidation });
  sendWarnings(reply.code(201), [...repeated, ...written.warnings]);
  return shaper.one(written.resource);
};

/** PUT of an object or of its status. */
export const update: Handler = async (request, reply, info, context) => {
  const name = nameOf(info);
  assertWritable(info);
  const options = updateOptions(request, info);
  const resource = placed(decodeObject(request.body, info), info);
  if (resource.metadata.name === '') resource.metadata.name = name;
  if (resource.metadata.name !== name) {
    const given = resource.metadata.name;
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  }
  // Core kinds may be overwritten blindly, custom resources may not: as in Kubernetes.
  if (!resource.metadata.resourceVersion && info.kind.group !== '') {
    const message = 'Invalid value: 0: must be specified for an update';
    const cause = { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' };
    throw invalid(subjectOf(info.kind, name), [cause]);
  }
  const repeated = checkDuplicates(request.body, options.fieldValidation ?? 'Warn');
  const written = await context.resources.update(keyFor(info), resource, options);
  return answer(written, repeated, request, reply, info, context);
};

/** PATCH of an object or of its status. */
export const patch: Handler = async (request, reply, info, context) => {
  const name = nameOf(info);
  assertWritable(info);
  const options = updateOptions(request, info);
  const change = patchChange(request.headers['content-type'] ?? '', request.body, info.kind);
  const changed = (current: Resource): Resource => {
    const result = placed(decodeObject(change(inVersion(current, info)), info), info);
    if (result.metadata.name !== name) {
      const cause = { reason: 'FieldValueInvalid', message: 'field is immutable', field: 'metadata.name' };
      throw invalid(subjectOf(info.kind, name), [cause]);
    }
    return result;
  };
  const repeated = checkDuplicates(request.body, options.fieldValidation ?? 'Warn');
  const written = await context.resources.patch(keyFor(info), changed, options);
  return answer(written, repeated, request, reply, info, context);
};

/** DELETE of an object. */
export const deleteOne: Handler = async (request, _reply, info, context) => {
  const name = nameOf(info);
  if (info.subresource !== undefined) throw methodNotAllowed();
  assertWritable(info);
  const options = parseDeleteOptions(request);
  const { resource, gone } = await context.resources.delete(keyFor(info), options);
  return gone ? success(subjectOf(info.kind, name), resource.metadata.uid) : inVersion(resource, info);
};

/** DELETE of a collection: what its selectors choose; answers with what was deleted. */
export const deleteCollection: Handler = async (request, _reply, info, context) => {
  assertWritable(info);
  if (info.kind.namespaced && info.namespace === undefined) throw methodNotAllowed();
  const options = parseListOptions(request.query as Query, info.kind);
  const { dryRun } = parseDeleteOptions(request);
  const page = await listPage(context.store, info, options);
  const deletions = await Promise.allSettled(
    page.items.map((item) => context.resources.delete(keyOf(info.kind, item), { dryRun: dryRun ?? false })),
  );
  // What someone else deleted meanwhile is gone, as asked.
  const failed = deletions.find((one) => one.status === 'rejected' && !isNotFound(one.reason));
  if (failed?.status === 'rejected') throw failed.reason;
  const items = deletions.flatMap((one) => (one.status === 'fulfilled' ? [one.value.resource] : []));
  return shaperOf(request, info, context).list({ ...page, items });
};

const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.status.code === 404;

function answer(
  written: Written,
  repeated: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
  info: RequestInfo,
  context: ApiContext,
): object {
  sendWarnings(reply, [...repeated, ...written.warnings]);
  return shaperOf(request, info, context).one(written.resource);
}

function nameOf({ name }: RequestInfo): string {
  if (name === undefined) throw methodNotAllowed();
  return name;
}

const keyFor = ({ kind: { group, plural }, namespace = '', name = '' }: RequestInfo) => ({
  group,
  plural,
  namespace,
  name,
});

function assertWritable({ kind, subresource }: RequestInfo): void {
  if (subresource !== undefined && subresource.name !== 'status') throw methodNotAllowed();
  if (kind.readOnly && subresource === undefined)
    throw methodNotAllowed(`${kind.plural} are written by the control plane alone`);
}

function updateOptions(request: FastifyRequest, { subresource }: RequestInfo): UpdateOptions {
  const options = parseWriteOptions(request.query as Query);
  return subresource === undefined ? options : { ...options, subresource: 'status' };
}

/** Puts an object into the namespace of its path. @throws ApiError 400 when it says another */
function placed(resource: Resource, { kind, namespace }: RequestInfo): Resource {
  const given = resource.metadata.namespace;
  if (given && given !== (namespace ?? '')) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request (${given} ≠ ${namespace ?? ''})`,
    );
  }
  if (!kind.namespaced) {
    const { namespace: _, ...metadata } = resource.metadata;
    return { ...resource, metadata };
  }
  if (namespace === undefined) throw methodNotAllowed();
  return { ...resource, metadata: { ...resource.metadata, namespace } };
}

/** A field that stands twice: an error under Strict, a warning under Warn. */
function checkDuplicates(body: unknown, validation: string): string[] {
  const texts = duplicateFieldsOf(body).map((path) => `duplicate field "${path}"`);
  if (validation === 'Strict' && texts.length > 0)
    throw badRequest(`strict decoding error: ${texts.join(', ')}`);
  return validation === 'Warn' ? texts : [];
}
