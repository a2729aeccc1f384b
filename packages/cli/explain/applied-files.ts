import { statSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { strategyOf } from '@tulle/control-plane/api/writer/strategies';
import { originOf, resourceKey } from '@tulle/control-plane/model/origin';
import type { Resource } from '@tulle/resources/kind';
import { findKind } from '@tulle/resources/kinds';
import type { Origin } from '@tulle/xds/resource';
import { sameContent } from '../apply/applicable.ts';
import { type FileContents, readResourceFiles } from '../apply/read-files.ts';
import { readSources } from '../up/state/source-book.ts';
import { type Locate, type MeshFiles, meshFilesOf } from './mesh-files.ts';

/** What a running mesh has at an origin; undefined: nothing any more. */
type Present = (origin: Origin) => Promise<Resource | undefined>;

/**
 * Where origins of a running mesh stand in the files that they were applied from on this machine. What has been changed
 * since, in the file or in the mesh, stands nowhere: its lines would be wrong.
 * @param book path of `sources.json`
 */
export async function locateApplied(
  origins: readonly Origin[],
  { book, cwd, present }: { readonly book: string; readonly cwd: string; readonly present: Present },
): Promise<Locate> {
  const sources = readSources(book);
  const reading = new Map<string, Promise<MeshFiles>>();
  const places = new Map<string, Locate>();
  const wanted = new Map(origins.map((origin) => [resourceKey(origin), origin]));
  await Promise.all(
    [...wanted].map(async ([key, origin]) => {
      const file = sources.get(key);
      if (file === undefined) return;
      // What names no namespace was applied to that of the origin.
      const { namespace } = origin;
      const read = reading.get(`${namespace} ${file}`) ?? readAgain(file, namespace, cwd);
      reading.set(`${namespace} ${file}`, read);
      const { locate, resources } = await read;
      const written = resources.findLast((resource) => resourceKey(originOf(resource)) === key);
      if (written === undefined) return;
      const now = await present(origin);
      if (now === undefined || !sameContent(asStored(written), now)) return;
      const { generation } = now.metadata;
      // A proxy that lags behind, or is ahead of what was just read, means other fields by the same path.
      places.set(key, (one) => (one.generation === generation ? locate(one) : undefined));
    }),
  );
  return (origin) => places.get(resourceKey(origin))?.(origin);
}

function asStored(resource: Resource): Resource {
  const kind = findKind(resource.apiVersion, resource.kind);
  return (kind && strategyOf(kind).prepare?.(resource)) ?? resource;
}

/** A file as it is now; without resources when it is gone, too large, can't be read, or is none any more (a pipe). */
async function readAgain(file: string, namespace: string, cwd: string): Promise<MeshFiles> {
  let contents: FileContents = { documents: [], problems: [] };
  try {
    if (statSync(file).isFile())
      contents = await readResourceFiles([file], { cwd, stdin: new PassThrough() });
  } catch {
    // Without lines, then: explaining does not fail of it.
  }
  return meshFilesOf(contents, namespace);
}
