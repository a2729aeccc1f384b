import { claimOfHeader } from '@tulle/resources/istio/claim-path';
import type { RequestAuthenticationSpec } from '@tulle/resources/istio/request-authentication/kind';
import type { RateLimitPolicySpec } from '@tulle/resources/tulle/limits/rate-limit-policy';
import type { Origin } from '@tulle/xds/resource';
import type { HttpMatch } from '../../model/istio.ts';
import { selects } from '../../model/selector.ts';
import { meshGateway } from '../../model/traffic/virtual-service.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, AnalyzedWorkload, Written } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const routeWithoutTokens: Message = {
  code: 'IST0149',
  name: 'JwtClaimBasedRoutingWithoutRequestAuthN',
  level: 'Error',
  about: 'A route of a gateway matches a claim, and no RequestAuthentication holds for the gateway.',
  consequence: 'No token is verified there, so there are no claims: the route is never taken.',
  remedy: 'Add a RequestAuthentication that selects the gateway’s workload, in its namespace.',
};

const claimInSidecar: Message = {
  code: 'TUL1101',
  name: 'ClaimRouteInSidecar',
  level: 'Warning',
  about: 'A route of sidecars matches a claim.',
  consequence:
    'Tokens of what applications send are not verified where it leaves: the route is never taken there.',
  remedy: 'Bind the rule to a gateway.',
};

const issuerTwice: Message = {
  code: 'TUL1102',
  name: 'IssuerTwice',
  level: 'Warning',
  about: 'Two rules of a RequestAuthentication are for the same issuer.',
  consequence: 'A token that either takes is let in: the stricter one forbids nothing.',
  remedy: 'Make one rule of them, with all audiences, places and keys.',
};

const limitWithoutTokens: Message = {
  code: 'TUL1103',
  name: 'ClaimLimitWithoutRequestAuthentication',
  level: 'Warning',
  about: 'A RateLimitPolicy counts by a claim, and no RequestAuthentication holds where it counts.',
  consequence: 'No token is verified there, so there are no claims: all requests are counted together.',
  remedy: 'Add a RequestAuthentication for the same workloads or gateway; outbound requests have no claims.',
};

/** Claims that nobody verifies, and issuers that are trusted in two ways. */
export const tokens: Analyzer = {
  messages: [routeWithoutTokens, claimInSidecar, issuerTwice, limitWithoutTokens],
  analyze(mesh, report) {
    for (const { spec, at } of mesh.resources<RequestAuthenticationSpec>('RequestAuthentication')) {
      const issuers = (spec.jwtRules ?? []).map(({ issuer }) => issuer);
      for (const [index, issuer] of issuers.entries())
        if (issuer !== undefined && issuers.indexOf(issuer) < index)
          report(
            issuerTwice,
            at(`spec.jwtRules[${index}].issuer`),
            `${issuer} is that of jwtRules[${issuers.indexOf(issuer)}] too`,
          );
    }
    for (const { gateways, http } of mesh.config.virtualServices)
      for (const { spec, origins } of http)
        for (const [index, match] of (spec.match ?? []).entries()) {
          const origin = origins.at(-1) as Origin;
          const [claim] = claimsOf(match);
          if (claim !== undefined)
            checkRoute(
              mesh,
              claim,
              match.gateways?.length ? match.gateways : gateways,
              { ...origin, path: `${origin.path}.match[${index}]` },
              report,
            );
        }
    for (const policy of mesh.resources<RateLimitPolicySpec>('RateLimitPolicy'))
      checkLimit(mesh, policy, report);
  },
};

const claimsOf = ({ headers = {}, withoutHeaders = {} }: HttpMatch): readonly string[] =>
  [...Object.keys(headers), ...Object.keys(withoutHeaders)].filter(
    (name) => claimOfHeader(name) !== undefined,
  );

function checkRoute(
  mesh: AnalyzedMesh,
  claim: string,
  gateways: readonly string[],
  origin: Origin,
  report: Report,
): void {
  for (const gateway of gateways) {
    if (gateway === meshGateway) {
      report(claimInSidecar, origin, `${claim} is not known in sidecars`);
      continue;
    }
    const bare = workloadsOf(mesh, gateway).find((workload) => !verifies(mesh, workload));
    if (bare !== undefined)
      report(
        routeWithoutTokens,
        origin,
        `${claim}: no RequestAuthentication holds for ${bare.namespace}/${bare.name} of Gateway ${gateway}`,
      );
  }
}

function checkLimit(
  mesh: AnalyzedMesh,
  { namespace, spec, at }: Written<RateLimitPolicySpec>,
  report: Report,
): void {
  const { targetRefs, selector, direction } = spec;
  const gateways = (targetRefs ?? []).filter(({ kind }) => kind === 'Gateway');
  const workloads =
    targetRefs === undefined
      ? mesh.selected(namespace, selector?.matchLabels ?? {})
      : gateways.flatMap(({ name }) => workloadsOf(mesh, `${namespace}/${name}`));
  const bare = workloads.find((workload) => direction === 'OUTBOUND' || !verifies(mesh, workload));
  if (bare === undefined) return;
  for (const [index, { by = [] }] of spec.limits.entries())
    for (const [item, { jwtClaim }] of by.entries())
      if (jwtClaim !== undefined)
        report(
          limitWithoutTokens,
          at(`spec.limits[${index}].by[${item}].jwtClaim`),
          `${jwtClaim} is not known at ${bare.namespace}/${bare.name}`,
        );
}

const workloadsOf = ({ config, workloads }: AnalyzedMesh, gateway: string): readonly AnalyzedWorkload[] => {
  const found = config.gateways.find(({ key }) => key === gateway);
  return found === undefined
    ? []
    : workloads.filter(({ isGateway, labels }) => isGateway && selects(found.selector, labels));
};

const verifies = ({ config }: AnalyzedMesh, { namespace, labels }: AnalyzedWorkload): boolean =>
  config.requestAuthentications.ofWorkload(namespace, labels).length > 0;
