import type { RouteChoice } from '@tulle/decision/match';
import { mutateHeaders, originalPathHeader, rewritePath } from '@tulle/decision/rewrite';
import type { HeaderMutation } from '@tulle/decision/tables/header-mutation';
import type { RouteTable } from '@tulle/decision/tables/route';
import type { ForwardAction, WeightedCluster } from '@tulle/decision/tables/route-action';
import type { RequestHead, ResponseHead } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { substitutions } from '../http/substitutions.ts';

/** What a forwarded request goes by. */
export interface Chosen {
  readonly choice: RouteChoice;
  readonly action: ForwardAction;
  readonly weighted: WeightedCluster;
  readonly table: RouteTable | undefined;
}

/** What only the mesh may know is said where the request goes to the mesh, and nowhere else. */
export function tellMesh(
  head: RequestHead,
  fields: readonly (readonly [name: string, value: string])[],
  meshed: boolean,
): void {
  for (const [name, value] of fields) {
    if (meshed) head.headers.set(name, value);
    else head.headers.remove(name);
  }
}

/** The request as the route wants it upstream: fields, path, host. */
export function rewriteRequest(head: RequestHead, chosen: Chosen, info: StreamInfo): void {
  const { choice, action, weighted, table } = chosen;
  const { virtualHost, route } = choice;
  // From the most specific to the least, as Envoy: the outermost has the last word.
  changeRequest(weighted.requestHeaders, head, info);
  changeRequest(route.requestHeaders, head, info);
  changeRequest(virtualHost.requestHeaders, head, info);
  changeRequest(table?.requestHeaders, head, info);
  if (action.path !== undefined) {
    const path = rewritePath(head.path, route.match.path, action.path);
    if (path !== head.path) head.headers.set(originalPathHeader, head.path);
    head.path = path;
  }
  if (action.host !== undefined && action.appendForwardedHost)
    head.headers.set('x-forwarded-host', head.authority);
  if (action.host?.kind === 'literal') head.authority = action.host.value;
}

/** The endpoint's response as the route wants it downstream. */
export function rewriteResponse(
  response: ResponseHead,
  request: RequestHead,
  chosen: Chosen,
  info: StreamInfo,
): void {
  const { choice, weighted, table } = chosen;
  if (choice.virtualHost.includeAttemptCountInResponse)
    response.headers.set('x-envoy-attempt-count', String(info.attempts));
  changeResponse(weighted.responseHeaders, response, request, info);
  rewriteReply(response, request, choice, table, info);
}

/** What a route answers itself, as it wants it: no cluster has a say in it. */
export function rewriteReply(
  response: ResponseHead,
  request: RequestHead,
  { virtualHost, route }: RouteChoice,
  table: RouteTable | undefined,
  info: StreamInfo,
): void {
  changeResponse(route.responseHeaders, response, request, info);
  changeResponse(virtualHost.responseHeaders, response, request, info);
  changeResponse(table?.responseHeaders, response, request, info);
}

function changeRequest(mutation: HeaderMutation | undefined, head: RequestHead, info: StreamInfo): void {
  if (changesSomething(mutation)) mutateHeaders(head.headers, mutation, substitutions(head, info));
}

function changeResponse(
  mutation: HeaderMutation | undefined,
  response: ResponseHead,
  request: RequestHead,
  info: StreamInfo,
): void {
  if (!changesSomething(mutation)) return;
  mutateHeaders(response.headers, mutation, substitutions(request, info, response));
}

function changesSomething(mutation: HeaderMutation | undefined): mutation is HeaderMutation {
  return mutation !== undefined && mutation.set.length + mutation.add.length + mutation.remove.length > 0;
}
