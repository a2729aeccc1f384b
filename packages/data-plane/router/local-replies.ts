import { redirectLocation } from '@tulle/decision/rewrite';
import type { Route } from '@tulle/decision/tables/route';
import type { ForwardAction, RouteAction } from '@tulle/decision/tables/route-action';
import type { LocalReply } from '../http/local-reply.ts';
import type { RequestHead } from '../http/stream.ts';
import { type Failure, failureBody, failureDetails } from './failure.ts';

export const routeNotFound: LocalReply = { status: 404, body: '', details: 'route_not_found', flag: 'NR' };
export const upgradeRefused: LocalReply = { status: 403, body: '', details: 'upgrade_failed' };
export const missingHost: LocalReply = { status: 400, body: '', details: 'missing_host_header' };
export const noHealthyUpstream: LocalReply = {
  status: 503,
  body: 'no healthy upstream',
  details: 'no_healthy_upstream',
  flag: 'UH',
};
export const overflow: LocalReply = {
  status: 503,
  body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
  details: 'upstream_reset_before_response_started{overflow}',
  flag: 'UO',
  headers: { 'x-envoy-overloaded': 'true' },
};
export const timedOut: LocalReply = {
  status: 504,
  body: 'upstream request timeout',
  details: 'response_timeout',
};

export function clusterNotFound({ clusterNotFoundStatus: status }: ForwardAction): LocalReply {
  return { status, body: '', details: 'cluster_not_found', flag: 'NC' };
}

/** What a route answers by itself. */
export function routeReply(
  head: RequestHead,
  route: Route,
  action: Exclude<RouteAction, ForwardAction>,
): LocalReply {
  const { status } = action;
  if (action.kind === 'direct') return { status, body: action.body, details: 'direct_response' };
  const location = redirectLocation(head, route.match.path, action);
  return { status, body: '', details: 'direct_response', headers: { location } };
}

/** After the last attempt; `attempts`: how many there were. */
export function failureReply(failure: Failure, attempts: number): LocalReply {
  if (failure.kind === 'overflow') return overflow;
  return {
    status: failure.status,
    body: failureBody(failure, attempts),
    details: failureDetails(failure),
  };
}
