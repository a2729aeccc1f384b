import type { ResourceKind } from '@tulle/resources/kind';
import { formatApiVersion, mainVerbs, type ServedKinds, subresourcesOf } from './served-kinds.ts';

const anyAddress = [{ clientCIDR: '0.0.0.0/0' }];

/** GET /api */
export const apiVersions = (serverAddress: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: anyAddress.map((range) => ({ ...range, serverAddress })),
});

/** GET /apis/GROUP; undefined for a group that isn't served. */
export function apiGroup(kinds: ServedKinds, group: string): object | undefined {
  const versions = kinds.groups().get(group);
  if (versions === undefined) return undefined;
  const all = versions.map((version) => ({ groupVersion: formatApiVersion(group, version), version }));
  return { kind: 'APIGroup', apiVersion: 'v1', name: group, versions: all, preferredVersion: all[0] };
}

/** GET /apis */
export const apiGroupList = (kinds: ServedKinds): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [...kinds.groups().keys()].map((group) => apiGroup(kinds, group)),
});

/** GET /api/v1, GET /apis/GROUP/VERSION; undefined for what isn't served. */
export function apiResourceList(kinds: ServedKinds, group: string, version: string): object | undefined {
  if (!kinds.serves(group, version)) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: formatApiVersion(group, version),
    resources: kinds.in(group, version).flatMap(resourcesOf),
  };
}

function resourcesOf(kind: ResourceKind): object[] {
  const { plural, singular, namespaced, shortNames, categories = [] } = kind;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind: kind.kind,
    verbs: mainVerbs(kind),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    storageVersionHash: '',
  };
  const subresources = subresourcesOf(kind).map(({ name, kind: own, verbs }) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...(own && { group: own.group, version: own.version }),
    kind: own?.kind ?? kind.kind,
    verbs,
  }));
  return [main, ...subresources];
}

/** The content type of the aggregated form. */
export const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** GET /api (the core group) or GET /apis (all others), aggregated: apidiscovery.k8s.io/v2. */
export function aggregatedDiscovery(kinds: ServedKinds, root: 'api' | 'apis'): object {
  const groups: [string, readonly string[]][] = root === 'api' ? [['', ['v1']]] : [...kinds.groups()];
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: versions.map((version) => ({
        version,
        resources: kinds.in(group, version).map((kind) => discovered(kind, version)),
        freshness: 'Current',
      })),
    })),
  };
}

function discovered(kind: ResourceKind, version: string): object {
  const { group, plural, singular, namespaced, shortNames, categories = [] } = kind;
  const responseKind = { group, version, kind: kind.kind };
  const subresources = subresourcesOf(kind).map(({ name, kind: own, verbs }) => ({
    subresource: name,
    responseKind: own ?? responseKind,
    verbs,
  }));
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: mainVerbs(kind),
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}
