import type { TokenAuthentication, TokenProvider, TokenRequirement } from '@tulle/decision/tables/tokens';
import { placesOf } from './places.ts';

/** Whose tokens are looked for, and where, in words. */
export function describeTokens({ rules }: TokenAuthentication): string {
  const providers = new Set(
    rules.flatMap(({ requirement }) => (requirement === undefined ? [] : providersOf(requirement))),
  );
  return `verifies tokens of ${[...providers].map(words).join('; of ')}`;
}

function providersOf(requirement: TokenRequirement): readonly TokenProvider[] {
  if (requirement.kind === 'provider') return [requirement.provider];
  return requirement.kind === 'any' || requirement.kind === 'all' ? requirement.of.flatMap(providersOf) : [];
}

function words(provider: TokenProvider): string {
  const { headers, parameters, cookies } = placesOf(provider);
  const places = [
    ...headers.map(
      ({ name, prefix }) => `header ${name}${prefix === '' ? '' : ` after ${JSON.stringify(prefix)}`}`,
    ),
    ...parameters.map((name) => `parameter ${name}`),
    ...cookies.map((name) => `cookie ${name}`),
  ];
  const { issuer, audiences } = provider;
  const whose = issuer === '' ? 'any issuer' : issuer;
  const forWhom = audiences.length === 0 ? '' : ` for ${audiences.join(' or ')}`;
  return `${whose}${forWhom} in ${places.join(', ')}`;
}
