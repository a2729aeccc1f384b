import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { validateResource } from '../../validate.ts';
import { claimOfHeader } from '../claim-path.ts';

function problems(rule: string): string[] {
  const resource = {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'a', namespace: 'b' },
    spec: { jwtRules: [parse(rule)] },
  };
  return validateResource(resource).problems.map(({ path, message }) => `${path}: ${message}`);
}

const rule = 'spec.jwtRules[0]';

test.each([
  ['{}', `${rule}: must say whose tokens these are: jwks, jwksUri, or an issuer that is a URL`],
  ['{ issuer: me }', `${rule}: needs jwks or jwksUri: issuer "me" is no URL that can be asked for keys`],
  ['{ jwks: "{" }', `${rule}.jwks: must be a JSON Web Key Set (RFC 7517): it is not JSON`],
  [
    `{ jwks: '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}' }`,
    `${rule}.jwks: must be a JSON Web Key Set (RFC 7517): it has no public key of type RSA, EC or OKP`,
  ],
  [
    `{ jwks: '{"keys":[{"kty":"EC","d":"x"}]}' }`,
    `${rule}.jwks: must be a JSON Web Key Set (RFC 7517): it has a private key (with "d"), which belongs to the issuer`,
  ],
  [
    '{ jwksUri: ftp://keys.example.com }',
    `${rule}.jwksUri: must be an http:// or https:// URL, not "ftp://keys.example.com"`,
  ],
  [
    '{ issuer: https://i, fromHeaders: [{ name: X-A }, { name: x-a }] }',
    `${rule}.fromHeaders[1]: is given twice`,
  ],
  [
    '{ issuer: https://i, outputClaimToHeaders: [{ header: x-a, claim: a }, { header: X-A, claim: b }] }',
    `${rule}.outputClaimToHeaders[1].header: is given twice: "X-A"`,
  ],
])('%s', (text, problem) => {
  expect(problems(text)).toContain(problem);
});

test('an issuer that is a URL needs no keys: it says where they are', () => {
  expect(problems('{ issuer: https://issuer.example.com }')).toEqual([]);
});

test.each([
  ['@request.auth.claims.sub', ['sub']],
  ['@request.auth.claims.org.team', ['org', 'team']],
  ['@request.auth.claims[https://a.b/c][team]', ['https://a.b/c', 'team']],
  ['@request.auth.claims.', undefined],
  ['@request.auth.claims[a', undefined],
  ['x-sub', undefined],
])('%s', (name, claim) => {
  expect(claimOfHeader(name)).toEqual(claim);
});
