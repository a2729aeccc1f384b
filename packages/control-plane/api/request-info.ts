import type { ServedKind, ServedKinds, Subresource } from './served-kinds.ts';
import { subresourcesOf } from './served-kinds.ts';

/** What a path under /api/v1 or /apis/GROUP/VERSION names. */
export interface RequestInfo extends ServedKind {
  /** Absent: all namespaces, or a cluster-scoped kind. */
  readonly namespace?: string;
  /** Absent: the collection. */
  readonly name?: string;
  readonly subresource?: Subresource;
}

/**
 * `/apis/GROUP/VERSION/[namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]]`, undefined where nothing is served.
 * `segments` are decoded, without the empty ones.
 */
export function requestInfo(segments: readonly string[], kinds: ServedKinds): RequestInfo | undefined {
  const [root, ...path] = segments;
  const group = root === 'apis' ? path.shift() : '';
  const version = path.shift();
  if (group === undefined || version === undefined) return undefined;
  let namespace: string | undefined;
  // `/namespaces/NS`, `/namespaces/NS/status` are the namespace itself.
  if (path[0] === 'namespaces' && path.length > 2 && path[2] !== 'status') [, namespace] = path.splice(0, 2);
  const [plural = '', name, subresourceName, ...rest] = path;
  const kind = kinds.byPlural(group, plural);
  if (kind === undefined || !kind.versions.includes(version) || rest.length > 0) return undefined;
  if (kind.namespaced ? name !== undefined && namespace === undefined : namespace !== undefined)
    return undefined;
  const subresource = subresourcesOf(kind).find((one) => one.name === subresourceName);
  if (subresourceName !== undefined && subresource === undefined) return undefined;
  return {
    kind,
    version,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(subresource !== undefined && { subresource }),
  };
}
