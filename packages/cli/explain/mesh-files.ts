import type { Resource } from '@tulle/resources/kind';
import type { ParsedDocument } from '@tulle/resources/parse';
import type { FieldPath } from '@tulle/resources/path';
import { formatProblem } from '@tulle/resources/problem';
import type { Origin } from '@tulle/xds/resource';
import { makeApplicable } from '../apply/applicable.ts';
import { type FileContents, readResourceFiles } from '../apply/read-files.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../io.ts';

/** Resources of files, as they would be stored, and where each stands. */
export interface MeshFiles {
  readonly resources: readonly Resource[];
  /** `mesh.yaml:14`; undefined: not of these files. */
  readonly locate: (origin: Origin) => string | undefined;
}

/** @throws Failure with every problem on a line of its own */
export async function readMeshFiles(
  files: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin'>,
): Promise<MeshFiles> {
  const contents = await readResourceFiles(files, io);
  const errors = contents.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Failure(errors.map(formatProblem).join('\n'));
  return meshFilesOf(contents);
}

/** Those that are valid. */
export function meshFilesOf({ documents }: FileContents): MeshFiles {
  const places = new Map<string, ParsedDocument>();
  const resources = documents.flatMap(({ document, file }) => {
    const { resource, kind } = document;
    if (resource === undefined || kind === undefined) return [];
    const item = makeApplicable(resource, kind, {
      defaultNamespace: 'default',
      ...(file === undefined ? {} : { file }),
    });
    places.set(`${kind.kind} ${item.namespace}/${item.name}`, document);
    return [item.resource];
  });
  return {
    resources,
    locate: ({ kind, namespace, name, path }) => {
      const document = places.get(`${kind} ${namespace}/${name}`);
      if (document === undefined) return undefined;
      const { file, line } = path === '' ? document.position : document.locate(pathOf(path));
      return `${file}:${line}`;
    },
  };
}

/** `spec.http[0].route` ⇒ its steps. */
function pathOf(text: string): FieldPath {
  return [...text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}
