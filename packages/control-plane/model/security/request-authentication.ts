import type { JwtRule } from '@tulle/resources/istio/request-authentication/jwt-rule';
import type { RequestAuthenticationSpec } from '@tulle/resources/istio/request-authentication/kind';
import type { Resource } from '@tulle/resources/kind';
import type { Problem } from '@tulle/resources/problem';
import { parseDuration } from '@tulle/resources/schema/duration';
import type { Origin } from '@tulle/xds/resource';
import { bySeniority, compare, originOf, rootNamespaces, type Seniority, seniorityOf } from '../origin.ts';
import { selects } from '../selector.ts';
import { gatewayTargets } from '../traffic/gateway-targets.ts';

type Labels = Readonly<Record<string, string>>;

/** Where the control plane finds the keys of an issuer that are not written down. */
export interface KeySource {
  /** Of the keys; or of the issuer's OpenID configuration, which says where they are. */
  readonly url: string;
  readonly isDiscovery: boolean;
  readonly timeoutMs: number;
}

/** Key sets that were fetched: JSON, by `KeySource.url`. */
export type KeySets = ReadonlyMap<string, string>;

/** Whose tokens are taken: one rule of a RequestAuthentication. */
export interface TokenRule {
  readonly spec: JwtRule;
  /** Undefined: the keys stand in the rule. */
  readonly keys: KeySource | undefined;
  readonly origin: Origin;
}

interface Policy extends Seniority {
  readonly selects: (labels: Labels) => boolean;
  readonly rules: readonly TokenRule[];
}

/** All keys that somebody must fetch. */
export const keySourcesOf = (model: {
  readonly config: { readonly requestAuthentications: RequestAuthenticationIndex };
}): readonly KeySource[] => model.config.requestAuthentications.all.flatMap(({ keys }) => keys ?? []);

export interface RequestAuthenticationIndex {
  readonly all: readonly TokenRule[];
  /**
   * What holds for a workload: the rules of the mesh, of its namespace and of those that select it, as though one resource
   * had them all (Istio); by issuer, the oldest first.
   */
  ofWorkload(namespace: string, labels: Labels): readonly TokenRule[];
}

/** Istio's. */
const defaultTimeoutMs = 5_000;

/** Rules by workload; all that select one hold together (Istio). @param report what is wrong with one */
export function indexRequestAuthentications(
  resources: readonly Resource[],
  report: (origin: Origin, problem: Problem) => void,
): RequestAuthenticationIndex {
  const policies = resources.map((resource) => policyOf(resource, report)).toSorted(bySeniority);
  return {
    all: policies.flatMap(({ rules }) => rules),
    ofWorkload: (namespace, labels) =>
      policies
        .filter(
          (policy) =>
            (policy.namespace === namespace || rootNamespaces.includes(policy.namespace)) &&
            policy.selects(labels),
        )
        .flatMap(({ rules }) => rules)
        .toSorted((a, b) => compare(a.spec.issuer ?? '', b.spec.issuer ?? '')),
  };
}

function policyOf(resource: Resource, report: (origin: Origin, problem: Problem) => void): Policy {
  const spec = (resource.spec ?? {}) as RequestAuthenticationSpec;
  const refs = spec.targetRefs ?? (spec.targetRef && [spec.targetRef]);
  const targets = refs && gatewayTargets(refs);
  for (const problem of targets?.problems ?? []) report(originOf(resource), problem);
  return {
    ...seniorityOf(resource.metadata),
    selects: targets?.selects ?? ((labels) => selects(spec.selector?.matchLabels ?? {}, labels)),
    rules: (spec.jwtRules ?? []).map((rule, index) => ({
      spec: rule,
      keys: keySourceOf(rule),
      origin: originOf(resource, `spec.jwtRules[${index}]`),
    })),
  };
}

function keySourceOf(rule: JwtRule): KeySource | undefined {
  const { jwks, jwksUri = rule.jwks_uri, issuer, timeout } = rule;
  if (jwks) return undefined;
  const timeoutMs = (timeout === undefined ? undefined : parseDuration(timeout)) ?? defaultTimeoutMs;
  if (jwksUri !== undefined) return { url: jwksUri, isDiscovery: false, timeoutMs };
  // OpenID Connect Discovery 1.0, section 4: no slash is doubled.
  const base = (issuer ?? '').replace(/\/$/, '');
  return { url: `${base}/.well-known/openid-configuration`, isDiscovery: true, timeoutMs };
}
