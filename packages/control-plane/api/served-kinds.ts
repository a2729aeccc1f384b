import type { Resource, ResourceKind } from '@tulle/resources/kind';
import type { Subject } from './status-error.ts';

/** A subresource: `status`, or one that the control plane's own routes answer. */
export interface Subresource {
  readonly name: string;
  /** The kind that it reads and writes, when not that of its resource. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

/** A kind in one of its versions: what a path names. */
export interface ServedKind {
  readonly kind: ResourceKind;
  readonly version: string;
}

/** Which kinds the API serves, by the names that paths and bodies use. */
export class ServedKinds {
  readonly all: readonly ResourceKind[];
  readonly #byPlural = new Map<string, ResourceKind>();
  readonly #byKind = new Map<string, ResourceKind>();

  constructor(kinds: readonly ResourceKind[]) {
    this.all = kinds;
    for (const kind of kinds) {
      this.#byPlural.set(`${kind.plural}.${kind.group}`, kind);
      this.#byKind.set(`${kind.kind}.${kind.group}`, kind);
    }
  }

  byPlural(group: string, plural: string): ResourceKind | undefined {
    return this.#byPlural.get(`${plural}.${group}`);
  }

  /** The kind of an object, if that version of it is served. */
  of(object: { readonly apiVersion?: unknown; readonly kind?: unknown }): ResourceKind | undefined {
    if (typeof object.apiVersion !== 'string' || typeof object.kind !== 'string') return undefined;
    const { group, version } = parseApiVersion(object.apiVersion);
    const kind = this.#byKind.get(`${object.kind}.${group}`);
    return kind?.versions.includes(version) ? kind : undefined;
  }

  serves(group: string, version: string): boolean {
    return this.all.some((kind) => kind.group === group && kind.versions.includes(version));
  }

  in(group: string, version: string): ResourceKind[] {
    return this.all.filter((kind) => kind.group === group && kind.versions.includes(version));
  }

  /** Named groups (without the core group) with their versions, the preferred one first. */
  groups(): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, string[]>();
    for (const { group, versions } of this.all) {
      if (group === '') continue;
      const known = groups.get(group) ?? [];
      groups.set(group, [...known, ...versions.filter((version) => !known.includes(version))]);
    }
    return groups;
  }
}

function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  if (slash < 0) return { group: '', version: apiVersion };
  return { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export const formatApiVersion = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

/** Versions are aliases of one schema, so converting is renaming. */
export function inVersion(resource: Resource, { kind, version }: ServedKind): Resource {
  const apiVersion = formatApiVersion(kind.group, version);
  return resource.apiVersion === apiVersion ? resource : { ...resource, apiVersion };
}

export const subjectOf = ({ group, plural, kind }: ResourceKind, name: string): Subject => ({
  group,
  plural,
  kind,
  name,
});

/** Core kinds that, as in Kubernetes, have no status; or no status subresource. */
const withoutStatus = new Set(['configmaps', 'secrets', 'serviceaccounts', 'events']);

export const hasStatus = ({ group, plural }: ResourceKind): boolean =>
  group !== '' || !withoutStatus.has(plural);

export const mainVerbs = (kind: ResourceKind): readonly string[] =>
  kind.readOnly
    ? ['get', 'list', 'watch']
    : ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export function subresourcesOf(kind: ResourceKind): readonly Subresource[] {
  const subresources: Subresource[] = [];
  if (hasStatus(kind)) subresources.push({ name: 'status', verbs: ['get', 'patch', 'update'] });
  if (kind.group === '' && kind.plural === 'serviceaccounts') {
    const tokenRequest = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
    subresources.push({ name: 'token', kind: tokenRequest, verbs: ['create'] });
  }
  return subresources;
}
