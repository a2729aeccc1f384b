import type { FastifyRequest } from 'fastify';
import { parseWriteOptions, type Query } from '../selection/list-options.ts';
import { badRequest } from '../status-error.ts';
import type { DeleteOptions } from '../writer/resources.ts';

/**
 * meta/v1 DeleteOptions, from the query or the body. Grace periods and propagation are accepted and have
 * no effect: nothing here runs on after its deletion, and nothing depends on an owner.
 * @throws ApiError 400
 */
export function parseDeleteOptions(request: FastifyRequest): DeleteOptions {
  const { dryRun } = parseWriteOptions(request.query as Query);
  const body = request.body ?? {};
  if (typeof body !== 'object' || Buffer.isBuffer(body))
    throw badRequest('DeleteOptions must be a JSON object');
  const { kind = 'DeleteOptions', preconditions, dryRun: dryRuns } = body as Record<string, unknown>;
  if (kind !== 'DeleteOptions')
    throw badRequest(`the body of a delete must be DeleteOptions, not ${String(kind)}`);
  const bodyDryRun = parseWriteOptions({ dryRun: stringsOf(dryRuns) }).dryRun;
  const { uid, resourceVersion } = (preconditions ?? {}) as { uid?: unknown; resourceVersion?: unknown };
  return {
    dryRun: dryRun || bodyDryRun,
    ...(typeof uid === 'string' && { uid }),
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
  };
}

const stringsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
