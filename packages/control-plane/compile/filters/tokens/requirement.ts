import type { MessageInitShape } from '@bufbuild/protobuf';
import type { JwtRequirementSchema } from '@tulle/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';

type Requirement = MessageInitShape<typeof JwtRequirementSchema>;

/** One rule's provider, and whether requests must have a token for it. */
export interface Asked {
  readonly provider: string;
  readonly isRequired: boolean;
}

/**
 * What requests must bring, as Istio asks for it: no invalid token, but any of the valid ones will do where several rules
 * look at one place. Where some rule asks for presence, each rule is held by itself.
 */
export function requirementOf(asked: readonly Asked[]): Requirement {
  const each = asked.map(({ provider, isRequired }) =>
    isRequired
      ? named(provider)
      : anyOf([named(provider), { requiresType: { case: 'allowMissing', value: {} } }]),
  );
  const [only] = each;
  if (only !== undefined && each.length === 1) return only;
  const all: Requirement = { requiresType: { case: 'requiresAll', value: { requirements: each } } };
  if (asked.some(({ isRequired }) => isRequired)) return all;
  return anyOf([...asked.map(({ provider }) => named(provider)), all]);
}

const named = (providerName: string): Requirement => ({
  requiresType: { case: 'providerName', value: providerName },
});

const anyOf = (requirements: Requirement[]): Requirement => ({
  requiresType: { case: 'requiresAny', value: { requirements } },
});
