import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { crossCheckDocuments } from '@tulle/resources/cross-check';
import { formatProblem, type Problem } from '@tulle/resources/problem';
import type { Mesh } from '@tulle/resources/tulle/mesh';
import { type Applicable, makeApplicable } from '../../apply/applicable.ts';
import { readResourceFiles } from '../../apply/read-files.ts';
import { Failure } from '../../failure.ts';
import { hashOfFile } from './state-dir.ts';

/** Says which mesh file a resource belongs to: 8 hex digits of the file's path. */
export const OWNED_BY = 'tulle.dev/owned-by';

/** A mesh file, checked. */
export interface MeshFile {
  /** Real path. */
  readonly path: string;
  readonly directory: string;
  readonly hash: string;
  readonly mesh: Mesh;
  readonly items: readonly Applicable[];
  readonly warnings: readonly Problem[];
}

/** @throws Failure with every problem on a line of its own */
export async function readMeshFile(path: string, cwd: string): Promise<MeshFile> {
  const noStdin = (async function* () {})() as unknown as Readable;
  const { documents, problems } = await readResourceFiles([path], { cwd, stdin: noStdin });
  const all = [...problems, ...crossCheckDocuments(documents.map(({ document }) => document))];
  const errors = all.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Failure(errors.map(formatProblem).join('\n'));

  const real = realpathSync(documents[0]?.file ?? path);
  const hash = hashOfFile(real);
  const meshes = documents.filter(({ document }) => document.kind?.kind === 'Mesh');
  const mesh = meshes[0]?.document.resource as Mesh | undefined;
  if (mesh === undefined || meshes.length > 1) {
    const what = mesh === undefined ? 'no Mesh resource' : `${meshes.length} Mesh resources`;
    throw new Failure(
      `${path}: ${what} in it; a mesh file has exactly one (apiVersion: tulle.dev/v1alpha1, kind: Mesh)`,
    );
  }
  const options = { file: real, defaultNamespace: 'default', labels: { [OWNED_BY]: hash } };
  const items = documents.flatMap(({ document: { resource, kind } }) =>
    resource === undefined || kind === undefined ? [] : [makeApplicable(resource, kind, options)],
  );
  return {
    path: real,
    directory: dirname(real),
    hash,
    mesh,
    items,
    warnings: all.filter(({ severity }) => severity === 'warning'),
  };
}
