import { analyze, sorted } from '@tulle/control-plane/analyze/analyze';
import { badPattern, invalid, unknownKind } from '@tulle/control-plane/analyze/document-messages';
import { formatFinding } from '@tulle/control-plane/analyze/format';
import type { Finding } from '@tulle/control-plane/analyze/message';
import { originOf, resourceKey } from '@tulle/control-plane/model/origin';
import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import type { ApiClient } from '../api/client.ts';
import type { Connection } from '../api/connect.ts';
import { type FileContents, readResourceFiles } from '../apply/read-files.ts';
import { locateApplied } from '../explain/applied-files.ts';
import { changedResources } from '../explain/diff/changed-resources.ts';
import { readLiveMesh } from '../explain/live-mesh.ts';
import { type Locate, meshFilesOf, type Place } from '../explain/mesh-files.ts';
import { modelOf, modelOfFiles } from '../explain/mesh-model.ts';
import type { Io } from '../io.ts';
import type { Located } from './located.ts';

/** What was looked at, and what was found. */
export interface Analysis {
  readonly resources: number;
  readonly findings: readonly Located[];
}

/** A mesh as it runs. */
export async function analyzeMesh(
  { client, state }: Connection,
  io: Pick<Io, 'cwd' | 'now'>,
): Promise<Analysis> {
  const { resources, instances } = await readLiveMesh(client);
  const findings = analyze(modelOf(resources, instances), { now: io.now(), whole: true });
  const present = new Map(resources.map((resource) => [resourceKey(originOf(resource)), resource]));
  const locate = await locateApplied(
    findings.map(({ origin }) => origin),
    { book: state.sources, cwd: io.cwd, present: async (origin) => present.get(resourceKey(origin)) },
  );
  return {
    resources: resources.length,
    findings: findings.map((finding) => ({ finding, place: locate(finding.origin) })),
  };
}

/**
 * Files alone: what they lack entirely (services, workloads) may be elsewhere. With a mesh: as it would be after they
 * were applied; of the rest of it only what is new is said.
 * @param namespace of what names none; `default` without it
 */
export async function analyzeFiles(
  files: readonly string[],
  io: Pick<Io, 'cwd' | 'stdin' | 'now'>,
  { client, namespace }: { readonly client?: ApiClient; readonly namespace?: string } = {},
): Promise<Analysis> {
  const contents = await readResourceFiles(files, io);
  const { resources, locate } = meshFilesOf(contents, namespace);
  const found =
    client === undefined ? await alone(resources, io.now()) : await over(client, resources, locate, io.now());
  const located = found.map((finding): Located => ({ finding, place: locate(finding.origin) }));
  const refused = refusedIn(contents);
  const placed = new Map([...refused, ...located].map((one) => [one.finding, one]));
  return {
    resources: contents.documents.length,
    findings: sorted([...placed.keys()]).flatMap((finding) => placed.get(finding) ?? []),
  };
}

async function alone(resources: readonly Resource[], now: number): Promise<readonly Finding[]> {
  const { model } = await modelOfFiles(resources);
  return analyze(model, { now, whole: false });
}

async function over(
  client: ApiClient,
  resources: readonly Resource[],
  locate: Locate,
  now: number,
): Promise<readonly Finding[]> {
  const mesh = await readLiveMesh(client);
  const options = { now, whole: true };
  const before = new Set(analyze(modelOf(mesh.resources, mesh.instances), options).map(formatFinding));
  const after = modelOf(changedResources(mesh.resources, resources, false), mesh.instances);
  return analyze(after, options).filter(
    (finding) => locate(finding.origin) !== undefined || !before.has(formatFinding(finding)),
  );
}

/** Documents that are no resources of ours, or invalid ones. */
function refusedIn({ documents, problems }: FileContents): Located[] {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map((problem) => {
      const owner = documents.find(({ document }) => document.problems.includes(problem));
      return { finding: refusal(problem, owner?.document.object), place: placeOf(problem) };
    });
}

const placeOf = ({ position }: Problem): Place | undefined =>
  position && { file: position.file, line: position.line };

function refusal({ code, path, message }: Problem, object: unknown): Finding {
  const { apiVersion = '', kind = 'document', metadata } = (object ?? {}) as Partial<Resource>;
  const { name = '?', namespace = '' } = metadata ?? {};
  const origin = {
    kind: String(kind),
    namespace: String(namespace),
    name: String(name),
    generation: 0,
    path,
  };
  return code === 'foreign-kind'
    ? { message: unknownKind, origin, detail: `${apiVersion} ${kind} is not looked at` }
    : { message: code === 'bad-regex' ? badPattern : invalid, origin, detail: message };
}
