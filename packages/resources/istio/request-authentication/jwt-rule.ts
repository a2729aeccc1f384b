import { z } from 'zod';
import { duration } from '../../schema/duration.ts';
import { message, options } from '../../schema/message.ts';
import { checked, withRules } from '../../schema/rule.ts';
import { keySetProblem } from './key-set.ts';

const isHttpUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? '');

const keysUrl = () =>
  withRules(z.string().min(1).max(2048), {
    rule: 'url(self).getScheme() in ["http", "https"]',
    message: 'url must have scheme http:// or https://',
    test: isHttpUrl,
    explain: (url) => `must be an http:// or https:// URL, not ${JSON.stringify(url)}`,
  });

const names = (what: string) => z.array(z.string().min(1)).describe(what);

const isFieldName = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);

/** JWTRule: tokens of one issuer. */
export const jwtRule = withRules(
  options({
    issuer: z
      .string()
      .min(1)
      .describe(
        'The `iss` claim of the tokens; any when absent. An https issuer without keys is asked for them.',
      ),
    audiences: names('The `aud` claim must have one of these; any when absent.'),
    jwksUri: keysUrl().describe('Where the issuer’s public keys are: the control plane fetches them.'),
    jwks_uri: keysUrl().describe('The same as jwksUri.'),
    jwks: checked(
      z.string(),
      'invalid',
      (text) => text === '' || keySetProblem(text) === undefined,
      (text) => `must be a JSON Web Key Set (RFC 7517): it ${keySetProblem(text)}`,
    ).describe('The issuer’s public keys, as JSON Web Key Set.'),
    fromHeaders: z
      .array(
        message(
          {
            name: checked(
              z.string().min(1),
              'bad-header',
              isFieldName,
              (name) => `must be a header name, not ${JSON.stringify(name)}`,
            ).describe('The header.'),
          },
          { prefix: z.string().describe('What comes before the token: "Bearer ".') },
        ),
      )
      .describe(
        'Headers with tokens. Without any place: `authorization` with "Bearer ", and the parameter `access_token`.',
      ),
    fromParams: names('Query parameters with tokens.'),
    fromCookies: names('Cookies with tokens.'),
    outputPayloadToHeader: checked(
      z.string(),
      'bad-header',
      (name) => name === '' || isFieldName(name),
      (name) => `must be a header name, not ${JSON.stringify(name)}`,
    ).describe(
      'Header that the token’s payload is passed on in (base64url); what clients send there is removed.',
    ),
    outputClaimToHeaders: z
      .array(
        message(
          {
            header: z
              .string()
              .min(1)
              .regex(/^[-_A-Za-z0-9]+$/)
              .describe('The header; what clients send there is removed.'),
            claim: z.string().min(1).describe('The claim; `a.b` is the claim b in a.'),
          },
          {},
        ),
      )
      .describe(
        'Claims that are passed on in headers: texts, numbers and booleans as they are, others as base64 of JSON.',
      ),
    forwardOriginalToken: z
      .boolean()
      .describe('The token is passed on too; by default it is removed where it stood (but from cookies).'),
    timeout: duration().describe('How long fetching the keys may take; 5s by default, 30s at most.'),
    spaceDelimitedClaims: z
      .array(z.string().min(1))
      .max(64)
      .describe('Claims whose text is a list of words, for matching; beside `scope` and `permission`.'),
    presence: z
      .enum(['OPTIONAL', 'REQUIRED'])
      .describe('OPTIONAL (the default): requests without a token pass. REQUIRED: they are answered 401.'),
  }),
  {
    rule: '(has(self.jwksUri) ? 1 : 0) + (has(self.jwks_uri) ? 1 : 0) + (has(self.jwks) ? 1 : 0) <= 1',
    message: 'only one of jwks or jwksUri can be set',
    test: ({ jwksUri, jwks_uri, jwks }) =>
      [jwksUri, jwks_uri, jwks].filter((field) => field !== undefined).length <= 1,
    explain: () => 'conflicts with jwks: set only one of jwks, jwksUri',
    at: ({ jwks, jwksUri }) => [jwks === undefined || jwksUri === undefined ? 'jwks_uri' : 'jwksUri'],
  },
);

export type JwtRule = z.infer<typeof jwtRule>;
