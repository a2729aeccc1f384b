import type { CountedRequest } from '@tulle/decision/limits/descriptor';
import type { DescriptorRule } from '@tulle/decision/tables/rate-limit';
import { substitutions } from '../../http/substitutions.ts';
import type { FilterStream } from '../filter.ts';

const noRules: readonly DescriptorRule[] = [];

/** What a limit counts the stream's request as: its own rules, or those of the route (Envoy's rate_limits). */
export function rulesFor(own: readonly DescriptorRule[], stream: FilterStream): readonly DescriptorRule[] {
  if (own.length > 0) return own;
  const action = stream.route()?.route.action;
  return action?.kind === 'forward' ? (action.rateLimits ?? noRules) : noRules;
}

/** What descriptors are made of; the route is matched only if one asks for it. */
export function countedRequest(stream: FilterStream): CountedRequest {
  return {
    request: stream.request,
    clientAddress: stream.info.clientAddress,
    context: () => {
      // Names of route and virtual host are known once it is matched.
      stream.route();
      return substitutions(stream.request, stream.info);
    },
  };
}
