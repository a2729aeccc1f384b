import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { subjectOf } from '../served-kinds.ts';
import { badRequest, invalid, unsupportedMediaType } from '../status-error.ts';
import { applyJsonPatch } from './json.ts';
import { applyMergePatch } from './merge.ts';
import { PatchError } from './patch-error.ts';
import { applyStrategicPatch } from './strategic.ts';

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

/** Strategic merge is for the core kinds alone, as in Kubernetes: others have no merge keys. */
export const patchTypesOf = ({ group }: ResourceKind): string[] =>
  group === '' ? [json, merge, strategic] : [json, merge];

/**
 * The change that a patch body asks for, by its content type.
 * @throws ApiError 415; what it returns throws ApiError 400 or 422
 */
export function patchChange(
  contentType: string,
  body: unknown,
  kind: ResourceKind,
): (current: Resource) => unknown {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  const accepted = patchTypesOf(kind);
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  return (current) => {
    try {
      if (type === json) return applyJsonPatch(current, body);
      if (typeof body !== 'object' || body === null || Array.isArray(body))
        throw new PatchError('malformed', 'the patch must be an object');
      return type === merge ? applyMergePatch(current, body) : applyStrategicPatch(current, body, kind.kind);
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      if (error.code === 'malformed') throw badRequest(error.message);
      const cause = { reason: 'FieldValueInvalid', message: error.message, field: 'patch' };
      throw invalid(subjectOf(kind, current.metadata.name), [cause]);
    }
  };
}
