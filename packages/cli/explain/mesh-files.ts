import type { Resource } from '@tulle/resources/kind';
import type { ParsedDocument } from '@tulle/resources/parse';
import type { FieldPath } from '@tulle/resources/path';
import { formatProblem, type Position } from '@tulle/resources/problem';
import type { Origin } from '@tulle/xds/resource';
import { makeApplicable, refuseOther } from '../apply/applicable.ts';
import { withoutForeign } from '../apply/foreign-kinds.ts';
import { type FileContents, readResourceFiles } from '../apply/read-files.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../io.ts';

/** Resources of files, as they would be stored, and where each stands. */
export interface MeshFiles {
  readonly resources: readonly Resource[];
  readonly locate: Locate;
}

/** A line of a file, called as by who stands in the working directory. */
export type Place = Pick<Position, 'file' | 'line'>;

/** Where an origin stands; undefined: in no file that is known. */
export type Locate = (origin: Origin) => Place | undefined;

/** `routes.yaml:14`. */
export const formatPlace = ({ file, line }: Place): string => `${file}:${line}`;

/**
 * Kinds of others have no part in what proxies do.
 * @param namespace of resources that name none; others must not name another. Without it: `default`
 * @throws Failure with every problem on a line of its own
 */
export async function readMeshFiles(
  files: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin'>,
  namespace?: string,
): Promise<MeshFiles> {
  const contents = await readResourceFiles(files, io);
  const errors = withoutForeign(contents).problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Failure(errors.map(formatProblem).join('\n'));
  for (const { document } of contents.documents)
    if (document.resource && document.kind) refuseOther(document.resource, document.kind, namespace);
  return meshFilesOf(contents, namespace);
}

/** Those that are valid. @param defaultNamespace of resources that name none */
export function meshFilesOf({ documents }: FileContents, defaultNamespace = 'default'): MeshFiles {
  const places = new Map<string, ParsedDocument>();
  const resources = documents.flatMap(({ document, file }) => {
    const { resource, kind } = document;
    if (resource === undefined || kind === undefined) return [];
    const item = makeApplicable(resource, kind, {
      defaultNamespace,
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
      return { file, line };
    },
  };
}

/** `spec.http[0].route` ⇒ its steps. */
function pathOf(text: string): FieldPath {
  return [...text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? '') : Number(index),
  );
}
