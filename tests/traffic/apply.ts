/** Applies the rows' documents as `tulle apply` does, and says which rows can't have what they ask for. */

import { type ParsedDocument, parseResources } from '@tulle/resources/parse';
import { formatProblem } from '@tulle/resources/problem';
import { ApiError, isApiError } from '../../packages/cli/api/api-error.ts';
import type { ApiClient } from '../../packages/cli/api/client.ts';
import { namespace } from './members.ts';
import type { RowPlan } from './plan.ts';

/** By the row's name in the world. */
export type Refused = ReadonlyMap<string, string>;

/** @throws Error for a foundation that is refused */
export async function applyAll(
  client: ApiClient,
  foundations: readonly string[],
  plans: Iterable<RowPlan>,
): Promise<Refused> {
  for (const text of foundations) await apply(client, text);
  const refused = new Map<string, string>();
  await Promise.all(
    [...plans].map(async ({ name, documents }) => {
      try {
        for (const text of documents) await apply(client, text);
      } catch (error) {
        refused.set(name, (error as Error).message);
      }
    }),
  );
  return refused;
}

/** @throws Error for what is refused, or has no effect */
export async function apply(client: ApiClient, text: string): Promise<void> {
  const { documents, problems } = parseResources(text);
  const found = [...problems, ...documents.flatMap((document) => document.problems)].filter(
    ({ severity, code }) => severity === 'error' || code === 'not-enforced',
  );
  if (found.length > 0)
    throw new Error(`${found.map((problem) => formatProblem(problem)).join('\n')}\n${text}`);
  for (const { kind, resource } of documents as readonly Required<ParsedDocument>[]) {
    const where = resource.metadata.namespace ?? namespace;
    try {
      await client.create(kind, where, resource).catch((error: unknown) => {
        if (!isApiError(error, 409)) throw error;
        return client.patch(kind, where, resource.metadata.name, { spec: resource.spec });
      });
    } catch (error) {
      if (error instanceof ApiError) throw new Error(`${error.message}\n${text}`, { cause: error });
      throw error;
    }
  }
}
