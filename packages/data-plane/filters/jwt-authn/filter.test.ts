import type { TokenAuthentication, TokenProvider, TokenRequirement } from '@tulle/decision/tables/tokens';
import { describe, expect, it } from 'vitest';
import { backend } from '../../testing/backend.ts';
import { cleanupAfterEach } from '../../testing/cleanup.ts';
import { type Answer, ask } from '../../testing/client.ts';
import { portOf, startEngine } from '../../testing/engine.ts';
import {
  cluster,
  endpoint,
  forward,
  host,
  httpChain,
  listener,
  manager,
  route,
  routeTable,
  tables,
} from '../../testing/tables.ts';
import { jwtAuthnFilter } from './filter.ts';
import { issuer, provider } from './tokens.fixture.ts';

const iss = 'https://issuer.example.com';
const keys = await issuer();
const token = await keys.sign({
  iss,
  sub: 'jane',
  admin: true,
  org: { team: 'blue', size: 3 },
  roles: ['a'],
});
const other = await keys.sign({ iss: 'https://other.example.com' });
const expired = await keys.sign({ iss, exp: 1 });
const invalid = `${token.slice(0, -4)}AAAA`;

const cleanup = cleanupAfterEach();

/** What a rule asks for that lets requests without token pass. */
const optional = (one: TokenProvider): TokenRequirement => ({
  kind: 'any',
  of: [
    { kind: 'provider', provider: one },
    { kind: 'allow-missing', besides: [one] },
  ],
});

async function through(
  requirement: TokenRequirement,
  request: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
  more: Partial<TokenAuthentication> = {},
): Promise<Answer & { readonly seen: { readonly url: string; readonly headers: Record<string, string> } }> {
  const app = await backend((asked, response) => {
    response.end(JSON.stringify({ url: asked.url, headers: asked.headers }));
  });
  cleanup.push(() => app.close());
  const config: TokenAuthentication = {
    rules: [
      {
        match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
        requirement,
      },
    ],
    passesPreflights: true,
    isSilent: false,
    ...more,
  };
  const managed = manager(routeTable([host([route(forward('a'))])]), {
    filters: [{ name: 'jwt', typeUrl: jwtAuthnFilter.typeUrl, config }],
  });
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(managed)])],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
  );
  cleanup.push(() => engine.destroy());
  const answer = await ask(portOf(engine, 'l'), request);
  return { ...answer, seen: answer.status === 200 ? JSON.parse(answer.body) : { url: '', headers: {} } };
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const plain = provider({ keySet: keys.keySet });

describe('what is let in', () => {
  it('is a request without token, and one with a valid token, which is taken out', async () => {
    const none = await through(optional(plain), {});
    expect(none.status).toBe(200);
    const some = await through(optional(plain), { headers: bearer(token) });
    expect(some.status).toBe(200);
    expect(some.seen.headers.authorization).toBeUndefined();
  });

  it.each([
    ['expired', expired, 401, 'Jwt is expired'],
    ['of another issuer', other, 401, 'Jwt issuer is not configured'],
    ['with another signature', invalid, 401, 'Jwt verification fails'],
    [
      'no token',
      'abc',
      401,
      'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
    ],
  ])('is not one with a token that is %s', async (_, text, status, body) => {
    const answer = await through(optional(plain), {
      path: '/a?b=c',
      headers: { host: 'shop', ...bearer(text) },
    });
    expect([answer.status, answer.body]).toEqual([status, body]);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="http://shop/a?b=c", error="invalid_token"',
    );
  });

  it('says forbidden to tokens for others, and nothing of an error to requests that lack one', async () => {
    const forOthers = { ...plain, audiences: ['shop'] };
    expect((await through(optional(forOthers), { headers: bearer(token) })).status).toBe(403);
    const answer = await through({ kind: 'provider', provider: plain }, { headers: { host: 'shop' } });
    expect([answer.status, answer.body]).toEqual([401, 'Jwt is missing']);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="http://shop/"');
    const silent = await through({ kind: 'provider', provider: plain }, {}, { isSilent: true });
    expect([silent.status, silent.body, silent.headers['www-authenticate']]).toEqual([401, '', undefined]);
  });

  it('is not what asks for no path, though no path of it begins with a slash', async () => {
    const required: TokenRequirement = { kind: 'provider', provider: plain };
    // As the control plane writes it.
    const match = { path: { kind: 'prefix', value: '', ignoreCase: false }, headers: [], query: [] } as const;
    const rules = [{ match, requirement: required }];
    expect((await through(required, { method: 'OPTIONS', path: '*' }, { rules })).status).toBe(401);
  });

  it('is a CORS preflight', async () => {
    const preflight = { origin: 'https://a', 'access-control-request-method': 'GET' };
    const required: TokenRequirement = { kind: 'provider', provider: plain };
    expect((await through(required, { method: 'OPTIONS', headers: preflight })).status).toBe(200);
    expect((await through(required, { method: 'OPTIONS' })).status).toBe(401);
  });

  it('is not a good token beside a bad one', async () => {
    const headers = bearer(token);
    const answer = await through(optional(plain), { path: `/?access_token=${invalid}`, headers });
    expect(answer.status).toBe(401);
  });
});

describe('places', () => {
  it('are headers, with prefix or without, parameters and cookies', async () => {
    const of = (more: Partial<TokenProvider>) => ({ ...plain, ...more });
    const bare = of({ headers: [{ name: 'x-token', prefix: '' }] });
    const asHeader = await through({ kind: 'provider', provider: bare }, { headers: { 'x-token': token } });
    expect(asHeader.seen.headers).not.toHaveProperty('x-token');
    const named = of({ parameters: ['t'], isForwarded: false });
    const asParameter = await through(
      { kind: 'provider', provider: named },
      { path: `/p?a=1&t=${token}&b=%20` },
    );
    expect(asParameter.seen.url).toBe('/p?a=1&b=%20');
    const inCookie = of({ cookies: ['session'] });
    const asCookie = await through(
      { kind: 'provider', provider: inCookie },
      { headers: { cookie: `a=b; session=${token}` } },
    );
    expect(asCookie.seen.headers.cookie).toContain(token);
    expect((await through({ kind: 'provider', provider: inCookie }, { headers: bearer(token) })).status).toBe(
      401,
    );
  });
});

describe('what the service sees', () => {
  it('is what claims say, whatever the client said there', async () => {
    const telling = {
      ...plain,
      isForwarded: true,
      payloadHeader: 'x-payload',
      claimHeaders: [
        { header: 'x-sub', claim: ['sub'] },
        { header: 'x-admin', claim: ['admin'] },
        { header: 'x-team', claim: ['org', 'team'] },
        { header: 'x-size', claim: ['org', 'size'] },
        { header: 'x-roles', claim: ['roles'] },
        { header: 'x-none', claim: ['constructor', 'name'] },
      ],
    };
    const claimed = { 'x-sub': 'root', 'x-none': 'root', 'x-payload': 'root' };
    const { seen } = await through(optional(telling), { headers: { ...bearer(token), ...claimed } });
    expect(seen.headers).toMatchObject({
      authorization: `Bearer ${token}`,
      'x-payload': token.split('.')[1],
      'x-sub': 'jane',
      'x-admin': 'true',
      'x-team': 'blue',
      'x-size': '3',
      'x-roles': Buffer.from('["a"]').toString('base64'),
    });
    expect(seen.headers).not.toHaveProperty('x-none');
    const without = await through(optional(telling), { headers: claimed });
    for (const name of Object.keys(claimed)) expect(without.seen.headers).not.toHaveProperty(name);
  });
});

describe('several issuers', () => {
  const second = { ...plain, name: 'q', issuer: 'https://other.example.com' };
  const both: TokenRequirement = {
    kind: 'any',
    of: [
      { kind: 'provider', provider: plain },
      { kind: 'provider', provider: second },
      { kind: 'all', of: [optional(plain), optional(second)] },
    ],
  };

  it.each([
    ['no token', {}, 200],
    ['the first’s', bearer(token), 200],
    ['the other’s', bearer(other), 200],
    ['nobody’s', bearer(invalid), 401],
  ])('take %s', async (_, headers, status) => {
    expect((await through(both, { headers })).status).toBe(status);
  });
});
