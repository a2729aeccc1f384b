import type { TokenProvider, TokenRequirement } from '@tulle/decision/tables/tokens';
import type { RequestHead } from '../../http/stream.ts';
import { TokenFault } from './fault.ts';
import { type Learnt, Provider, type Verified } from './provider.ts';

/** Undefined: the request has what it must. @param now seconds since the epoch */
export type Check = (head: RequestHead, learnt: Learnt, now: number) => TokenFault | undefined;

/** Providers of a filter, each made once: their caches are shared by all that ask for them. */
export class Providers {
  readonly #made = new Map<TokenProvider, Provider>();

  of(config: TokenProvider): Provider {
    const made = this.#made.get(config) ?? new Provider(config);
    this.#made.set(config, made);
    return made;
  }

  get ownHeaders(): readonly string[] {
    return [...new Set([...this.#made.values()].flatMap(({ ownHeaders }) => ownHeaders))];
  }
}

/** Compiled once, when configuration loads. */
export function compileRequirement(requirement: TokenRequirement, providers: Providers): Check {
  switch (requirement.kind) {
    case 'provider':
      return ofProvider(providers.of(requirement.provider));
    case 'any':
      return anyOf(requirement.of.map((one) => compileRequirement(one, providers)));
    case 'all':
      return allOf(requirement.of.map((one) => compileRequirement(one, providers)));
    case 'allow-missing':
      return noneOf(requirement.besides.map((one) => providers.of(one)));
    case 'allow-missing-or-failed':
      return () => undefined;
  }
}

/** Of several tokens all must be valid: a service may look at the other one. */
function ofProvider(provider: Provider): Check {
  return (head, learnt, now) => {
    const found = provider.tokensOf(head);
    if (found.length === 0) return TokenFault.Missing;
    const verified: Verified[] = [];
    for (const { token } of found) {
      const one = provider.verify(token, now);
      if (typeof one === 'string') return one;
      verified.push(one);
    }
    for (const one of verified) provider.apply(one, head, learnt);
    if (!provider.config.isForwarded) for (const { remove } of found) remove?.(head);
    return undefined;
  };
}

function anyOf(checks: readonly Check[]): Check {
  return (head, learnt, now) => {
    let fault: TokenFault = TokenFault.Missing;
    for (const check of checks) {
      const found = check(head, learnt, now);
      if (found === undefined) return undefined;
      fault = tellingMore(fault, found);
    }
    return fault;
  };
}

function allOf(checks: readonly Check[]): Check {
  return (head, learnt, now) => {
    for (const check of checks) {
      const fault = check(head, learnt, now);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

/** No token at all where one of the providers looks for one: those that are there have been refused. */
function noneOf(besides: readonly Provider[]): Check {
  return (head) => {
    for (const provider of besides) if (provider.tokensOf(head).length > 0) return TokenFault.Missing;
    return undefined;
  };
}

/** That nothing was found says less than that somebody else's was, and that less than what is wrong with a token. */
function tellingMore(a: TokenFault, b: TokenFault): TokenFault {
  if (a === TokenFault.Missing) return b;
  return a === TokenFault.UnknownIssuer && b !== TokenFault.Missing ? b : a;
}
