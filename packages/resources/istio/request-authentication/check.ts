import { error, type Finding } from '../../finding.ts';
import type { JwtRule } from './jwt-rule.ts';
import type { RequestAuthentication } from './kind.ts';

/** What the schema can't say: each rule must be able to get keys, and say each place and header once. */
export function checkRequestAuthentication({ spec }: RequestAuthentication): Finding[] {
  return (spec?.jwtRules ?? []).flatMap((rule, index) => checkRule(rule, ['spec', 'jwtRules', index]));
}

type Path = readonly (string | number)[];

function checkRule(rule: JwtRule, at: Path): Finding[] {
  const { issuer, jwks, jwksUri = rule.jwks_uri, fromHeaders = [], outputClaimToHeaders = [] } = rule;
  const found: Finding[] = [];
  if (!jwks && jwksUri === undefined) {
    if (issuer === undefined)
      found.push(
        error('required', at, 'must say whose tokens these are: jwks, jwksUri, or an issuer that is a URL'),
      );
    else if (!/^https?:\/\//.test(issuer))
      found.push(
        error(
          'required',
          at,
          `needs jwks or jwksUri: issuer ${JSON.stringify(issuer)} is no URL that can be asked for keys`,
        ),
      );
  }
  for (const [index, { name, prefix = '' }] of fromHeaders.entries()) {
    const isSame = (other: (typeof fromHeaders)[number]): boolean =>
      other.name.toLowerCase() === name.toLowerCase() && (other.prefix ?? '') === prefix;
    if (fromHeaders.findIndex(isSame) < index)
      found.push(error('duplicate', [...at, 'fromHeaders', index], 'is given twice'));
  }
  for (const [index, { header }] of outputClaimToHeaders.entries()) {
    const isSame = (other: (typeof outputClaimToHeaders)[number]): boolean =>
      other.header.toLowerCase() === header.toLowerCase();
    if (outputClaimToHeaders.findIndex(isSame) < index)
      found.push(
        error(
          'duplicate',
          [...at, 'outputClaimToHeaders', index, 'header'],
          `is given twice: ${JSON.stringify(header)}`,
        ),
      );
  }
  return found;
}
