import { delegates } from './cross-check/delegates.ts';
import { duplicates } from './cross-check/duplicates.ts';
import { gateways } from './cross-check/gateways.ts';
import { namespaces } from './cross-check/namespaces.ts';
import { resourceSet } from './cross-check/resource-set.ts';
import { routes } from './cross-check/routes.ts';
import { workloads } from './cross-check/workloads.ts';
import { type Finding, toProblem } from './finding.ts';
import type { Resource } from './kind.ts';
import type { ParsedDocument } from './parse.ts';
import type { Problem } from './problem.ts';

export interface CrossCheckOptions {
  /** The namespace of resources that name none; `default` by default. */
  readonly defaultNamespace?: string;
  /** What the mesh has already: looked at together with the set, which replaces what has the same name. */
  readonly known?: readonly Resource[];
}

const checks = [duplicates, namespaces, routes, gateways, delegates, workloads];

/** Looks at resources together. The answer has a list of problems for each resource, by index. */
export function crossCheck(resources: readonly Resource[], options: CrossCheckOptions = {}): Problem[][] {
  return findingsOf(resources, options).map((found) => found.map((finding) => toProblem(finding)));
}

/** As `crossCheck`, for the valid documents of one or several texts: all problems, with positions. */
export function crossCheckDocuments(
  documents: readonly ParsedDocument[],
  options: CrossCheckOptions = {},
): Problem[] {
  const valid = documents.flatMap((document) =>
    document.resource === undefined ? [] : [{ resource: document.resource, locate: document.locate }],
  );
  const found = findingsOf(
    valid.map(({ resource }) => resource),
    options,
  );
  return found.flatMap((findings, index) =>
    findings.map((finding) => toProblem(finding, valid[index]?.locate)),
  );
}

function findingsOf(
  resources: readonly Resource[],
  { defaultNamespace = 'default', known = [] }: CrossCheckOptions,
): Finding[][] {
  const nameOf = ({ kind, metadata: { name, namespace } }: Resource) =>
    `${kind} ${namespace || defaultNamespace}/${name}`;
  const replaced = new Set(resources.map(nameOf));
  const others = known.filter((resource) => !replaced.has(nameOf(resource)));
  const set = resourceSet([...resources, ...others], defaultNamespace);
  const found: Finding[][] = resources.map(() => []);
  // Findings about what was there before are not this set's.
  for (const check of checks) check(set, (index, finding) => found[index]?.push(finding));
  return found;
}
