import { error, type Finding, type Locate, toProblem } from './finding.ts';
import { findings, show } from './issue.ts';
import type { Resource, ResourceKind } from './kind.ts';
import { findKind, kinds } from './kinds.ts';
import { nearestName } from './nearest.ts';
import { warnInert } from './not-enforced.ts';
import type { FieldPath } from './path.ts';
import { plainCopy } from './plain.ts';
import type { Problem } from './problem.ts';
import { apiVersionOf } from './schema/resource.ts';

export interface ValidateOptions {
  /** Where a field stands, when the object came from text. */
  readonly locate?: Locate;
  /** Of a resource that its schema accepts: what takes more to know than there is here (Envoy's messages). */
  readonly check?: ((resource: Resource) => readonly Finding[]) | undefined;
}

export interface Validation {
  /** The resource as given, without undefined fields and nulls that mean absent; only when there is no error. */
  readonly resource?: Resource;
  /** The kind, when it is known, whether or not the resource is valid. */
  readonly kind?: ResourceKind;
  /** All errors and warnings, in the order of the text, or of the schema when there is no text. */
  readonly problems: readonly Problem[];
}

/**
 * Checks one resource against its kind: schema (unknown fields are errors), then, when that holds, the kind's
 * own rules and the fields that change nothing (warnings). Never throws; the input is not changed.
 */
export function validateResource(object: unknown, options: ValidateOptions = {}): Validation {
  const found: Finding[] = [];
  const finish = (result: { resource?: Resource; kind?: ResourceKind }): Validation => {
    const problems = found.map((finding) => toProblem(finding, options.locate)).sort(byPosition);
    const { resource, ...rest } = result;
    const failed = problems.some((problem) => problem.severity === 'error');
    return { ...rest, ...(failed || resource === undefined ? {} : { resource }), problems };
  };

  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    found.push(
      error(
        'wrong-type',
        [],
        `must be a resource (an object with apiVersion, kind and metadata), not ${show(object)}`,
      ),
    );
    return finish({});
  }
  const { apiVersion, kind: kindName } = object as { apiVersion?: unknown; kind?: unknown };
  const kind =
    typeof apiVersion === 'string' && typeof kindName === 'string'
      ? findKind(apiVersion, kindName)
      : undefined;
  if (kind === undefined) {
    found.push(unknownKind(apiVersion, kindName));
    return finish({});
  }

  const dropNull = (path: FieldPath) =>
    kind.nullIsAbsent === true || path[0] === 'metadata' || path[0] === 'status';
  const resource = plainCopy(object, dropNull, found) as Resource;
  if (found.length > 0) return finish({ kind });
  const parsed = kind.schema.safeParse(resource);
  for (const issue of parsed.error?.issues ?? []) found.push(...findings(issue, kind.schema, resource));
  if (found.length > 0) return finish({ kind });

  found.push(...(kind.check?.(resource) ?? []));
  found.push(...(options.check?.(resource) ?? []));
  found.push(...warnInert(resource, kind));
  return finish({ kind, resource });
}

/** What is wrong with an apiVersion and kind that name no kind of ours. */
function unknownKind(apiVersion: unknown, kind: unknown): Finding {
  if (kind === undefined) return error('required', ['kind'], 'is required (string)');
  if (typeof kind !== 'string') return error('wrong-type', ['kind'], `must be a string, not ${show(kind)}`);
  if (apiVersion === undefined)
    return error('required', ['apiVersion'], `is required (string)${versionHint(kind)}`);
  if (typeof apiVersion !== 'string')
    return error('wrong-type', ['apiVersion'], `must be a string, not ${show(apiVersion)}`);
  if (isForeign(apiVersion, kind))
    return error(
      'foreign-kind',
      ['kind'],
      `unknown kind ${JSON.stringify(kind)} in ${JSON.stringify(apiVersion)}${foreignHint(apiVersion, kind)}`,
    );
  const same = kinds.find((candidate) => candidate.kind === kind);
  if (same !== undefined) {
    const served = apiVersionsOf(same);
    const near = nearestName(apiVersion, served);
    const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
    return error(
      'unknown-version',
      ['apiVersion'],
      `${kind} is served as ${served.join(', ')}, not ${JSON.stringify(apiVersion)}${hint}`,
    );
  }
  const inGroup = kinds
    .filter((candidate) => apiVersionsOf(candidate).includes(apiVersion))
    .map((candidate) => candidate.kind);
  const near =
    nearestName(kind, inGroup) ??
    nearestName(
      kind,
      kinds.map((candidate) => candidate.kind),
    );
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  return error(
    'unknown-kind',
    ['kind'],
    `unknown kind ${JSON.stringify(kind)} in ${JSON.stringify(apiVersion)}${hint}`,
  );
}

/** Groups that Tulle has all kinds of: another one is a mistake. */
const wholeGroups = new Set(['networking.istio.io', 'tulle.dev']);

/** Whether it is most likely no mistake, but somebody else's: a Deployment, a Rollout, a Certificate. */
function isForeign(apiVersion: string, kind: string): boolean {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  if (wholeGroups.has(group)) return false;
  const ofGroup = kinds.filter((candidate) => candidate.group === group).map((candidate) => candidate.kind);
  if (ofGroup.length > 0) return !ofGroup.includes(kind) && nearestName(kind, ofGroup) === undefined;
  const groups = new Set(kinds.map((candidate) => candidate.group));
  const isBuiltIn = !group.includes('.');
  return (
    nearestName(group, groups) === undefined &&
    !(isBuiltIn && kinds.some((candidate) => candidate.kind === kind))
  );
}

function foreignHint(apiVersion: string, kind: string): string {
  if (runsProcesses.has(kind))
    return '; outside Kubernetes a Workload (tulle.dev/v1alpha1), or "tulle run", says how processes are started';
  if (apiVersion.startsWith('gateway.networking.k8s.io/'))
    return '; routes of the Gateway API are not supported yet: an Istio VirtualService says the same';
  if (kind === 'AuthorizationPolicy') return '; nothing here restricts yet who may call what';
  return '';
}

/** Kubernetes' kinds whose part a Workload plays here. */
const runsProcesses = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod', 'Job']);

const apiVersionsOf = (kind: ResourceKind): string[] =>
  kind.versions.map((version) => apiVersionOf(kind.group, version));

function versionHint(kind: string): string {
  const known = kinds.find((candidate) => candidate.kind === kind);
  return known === undefined ? '' : `; for ${kind}: ${JSON.stringify(apiVersionsOf(known)[0])}`;
}

function byPosition(a: Problem, b: Problem): number {
  if (a.position === undefined || b.position === undefined) return 0;
  return a.position.line - b.position.line || a.position.column - b.position.column;
}
