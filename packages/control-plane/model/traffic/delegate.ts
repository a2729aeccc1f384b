import type { HttpMatch, HttpRouteSpec, StringMatch } from '../istio.ts';

/**
 * A delegate's route under the rule that delegates to it, after Istio's merge: matches are combined, what the
 * delegate leaves out comes from the root. Undefined: their matches contradict each other, so no request can
 * reach the route.
 */
export function mergeDelegate(root: HttpRouteSpec, delegate: HttpRouteSpec): HttpRouteSpec | undefined {
  const match = mergeMatches(root.match ?? [], delegate.match ?? []);
  if (match === undefined) return undefined;
  const { delegate: _, ...inherited } = root;
  return { ...inherited, ...withoutAbsent(delegate), name: joinNames(root.name, delegate.name), match };
}

const joinNames = (root: string | undefined, leaf: string | undefined): string | undefined =>
  root && leaf ? `${root}-${leaf}` : leaf || root;

function withoutAbsent<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>;
}

/** Every match of the delegate needs a match of the root that it narrows; a match with none: contradiction. */
function mergeMatches(
  root: readonly HttpMatch[],
  leaf: readonly HttpMatch[],
): readonly HttpMatch[] | undefined {
  if (root.length === 0) return leaf;
  if (leaf.length === 0) return root;
  const merged: HttpMatch[] = [];
  for (const narrow of leaf) {
    const wider = root.filter((wide) => !contradict(wide, narrow));
    if (wider.length === 0) return undefined;
    for (const wide of wider) merged.push(mergeMatch(wide, narrow));
  }
  return merged;
}

function mergeMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  return {
    ...root,
    ...withoutAbsent(leaf),
    name: joinNames(root.name, leaf.name),
    headers: { ...root.headers, ...leaf.headers },
    withoutHeaders: { ...root.withoutHeaders, ...leaf.withoutHeaders },
    queryParams: { ...root.queryParams, ...leaf.queryParams },
  };
}

function contradict(root: HttpMatch, leaf: HttpMatch): boolean {
  if ((root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false)) return true;
  if (root.port && leaf.port && root.port !== leaf.port) return true;
  const fields = ['uri', 'scheme', 'method', 'authority'] as const;
  if (fields.some((field) => !narrows(root[field], leaf[field]))) return true;
  const maps = ['headers', 'withoutHeaders', 'queryParams'] as const;
  return maps.some((map) =>
    Object.entries(leaf[map] ?? {}).some(([name, match]) => !narrows(root[map]?.[name], match)),
  );
}

/** Whether `leaf` matches only what `root` matches. Regular expressions can't be compared: refused. */
function narrows(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (root === undefined || leaf === undefined) return true;
  if (root.regex || leaf.regex) return false;
  if (root.exact) return leaf.exact === root.exact;
  const start = root.prefix;
  return start ? (leaf.exact || leaf.prefix || '').startsWith(start) : false;
}
