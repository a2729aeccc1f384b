import { formatAuthority, parseAuthority } from './authority.ts';
import type { Headers } from './headers.ts';
import { pathOnly } from './match.ts';
import type { RoutedRequest } from './routed-request.ts';
import type { SubstitutionContext } from './substitution.ts';
import type { HeaderMutation } from './tables/header-mutation.ts';
import type { RouteMatch } from './tables/route.ts';
import type { PathRewrite, RouteAction } from './tables/route-action.ts';

/**
 * The new path and query. A prefix rewrite replaces what the route's path matched: the prefix, or the whole
 * path of an exact or regex match (Envoy's prefix_rewrite).
 */
export function rewritePath(target: string, match: RouteMatch['path'], rewrite: PathRewrite): string {
  const path = pathOnly(target);
  const rest = target.slice(path.length);
  switch (rewrite.kind) {
    case 'full':
      return rewrite.value + rest;
    case 'regex':
      return rewrite.replace(path) + rest;
    case 'prefix': {
      const matched =
        match.kind === 'prefix' || match.kind === 'path-separated-prefix' ? match.value.length : path.length;
      const tail = path.slice(matched);
      // `/a/b` by path-separated `/a` → `/`: one slash, not two.
      const joined =
        match.kind === 'path-separated-prefix' && rewrite.value.endsWith('/') && tail.startsWith('/')
          ? tail.slice(1)
          : tail;
      return (rewrite.value + joined || '/') + rest;
    }
  }
}

type RedirectAction = Extract<RouteAction, { kind: 'redirect' }>;

/** The Location of a redirect. A port that is the new scheme's default is left out when the scheme changes. */
export function redirectLocation(
  request: RoutedRequest,
  match: RouteMatch['path'],
  action: RedirectAction,
): string {
  const scheme = action.scheme ?? request.scheme;
  const from = parseAuthority(request.authority);
  const host = action.host ?? from?.host ?? '';
  const kept = from?.port;
  // Envoy drops the old scheme's default port when the scheme changes.
  const stale =
    action.scheme !== undefined &&
    ((request.scheme === 'http' && kept === 80) || (request.scheme === 'https' && kept === 443));
  const port = action.port ?? (stale || action.host !== undefined ? undefined : kept);
  const authority =
    port === undefined
      ? host.includes(':') && !host.startsWith('[')
        ? `[${host}]`
        : host
      : formatAuthority(host, port);
  const target = action.path === undefined ? request.path : rewritePath(request.path, match, action.path);
  return `${scheme}://${authority}${action.stripQuery ? pathOnly(target) : target}`;
}

/** Removes, then sets, then appends. `host` and `:authority` never get here: translation makes them a host rewrite. */
export function mutateHeaders(
  headers: Headers,
  mutation: HeaderMutation,
  context: SubstitutionContext,
): void {
  for (const name of mutation.remove) headers.remove(name);
  for (const field of mutation.set) headers.set(field.name, field.render?.(context) ?? field.value);
  for (const field of mutation.add) headers.add(field.name, field.render?.(context) ?? field.value);
}

/** The value of x-envoy-original-path and the like is the target before any rewrite. */
export const originalPathHeader = 'x-envoy-original-path';
