import { Headers } from '@tulle/decision/headers';
import type { TokenAuthentication } from '@tulle/decision/tables/tokens';
import { expect, it } from 'vitest';
import { jwtAuthnFilter } from '../filters/jwt-authn/filter.ts';
import { issuer, provider } from '../filters/jwt-authn/tokens.fixture.ts';
import { metadata } from '../testing/engine.ts';
import * as make from '../testing/tables.ts';
import { explain } from './explain.ts';
import { Explainer } from './explainer.ts';
import { Sources } from './sources.ts';

const keys = await issuer();
const trusted = provider({ keySet: keys.keySet, clearsRoute: true });
const tokens: TokenAuthentication = {
  rules: [
    {
      match: { path: { kind: 'prefix', value: '/', ignoreCase: false }, headers: [], query: [] },
      requirement: {
        kind: 'any',
        of: [
          { kind: 'provider', provider: trusted },
          { kind: 'allow-missing', besides: [trusted] },
        ],
      },
    },
  ],
  passesPreflights: true,
  isSilent: false,
};
const admins = make.route(make.forward('a'), {
  name: 'admins',
  match: {
    metadata: [
      {
        filter: 'envoy.filters.http.jwt_authn',
        path: ['payload', 'group'],
        test: { kind: 'text', test: (value) => value === 'admin' },
        invert: false,
      },
    ],
  },
});
const tables = make.tables({
  listeners: [
    make.listener('in', [
      make.httpChain(
        make.manager(
          make.routeTable([make.host([admins, make.route(make.forward('b'), { name: 'rest' })])]),
          {
            filters: [{ name: 'jwt', typeUrl: jwtAuthnFilter.typeUrl, config: tokens }],
          },
        ),
      ),
    ]),
  ],
  clusters: [make.cluster('a', [make.endpoint(1)]), make.cluster('b', [make.endpoint(2)])],
});
/** Nothing is told of resources. */
const nothing = {
  cluster: [],
  endpoint: [],
  listener: [],
  route: [],
  secret: [],
  virtualHost: [],
  workload: [],
};
const now = Date.UTC(2026, 0, 1);
const node = { id: 'x', role: 'router', metadata, trustDomain: 'cluster.local', uri: '' } as const;
const explainer = new Explainer(tables, node, () => now);
const told = (token: string) =>
  explain(
    { explainer, sources: new Sources(tables, nothing) },
    {
      kind: 'http',
      listener: 'in',
      method: 'GET',
      scheme: 'http',
      authority: 'a',
      path: '/',
      headers: Headers.of({ authorization: `Bearer ${token}` }),
      protocol: 'HTTP/1.1',
    },
  );

it('tells what the claims of a token lead to, and who is refused before any route is asked for', async () => {
  const iss = trusted.issuer;
  const admin = told(await keys.sign({ iss, group: 'admin' }));
  expect([admin.route?.name, admin.cluster?.name]).toEqual(['admins', 'a']);
  expect(admin.filters[0]).toEqual({
    name: 'jwt',
    says: `verifies tokens of ${iss} in header authorization after "Bearer ", parameter access_token`,
    verdict: 'passes',
  });
  const user = told(await keys.sign({ iss, group: 'user' }));
  expect(user.route?.tried).toMatchObject([
    { name: 'admins', reason: 'metadata is "user"' },
    { name: 'rest' },
  ]);
  const refused = told('none');
  expect([refused.route, refused.filters[0]?.verdict, refused.error?.details]).toEqual([
    undefined,
    'answers',
    expect.stringMatching(/^jwt_authn_access_denied\{/),
  ]);
  expect(told(await keys.sign({ iss, exp: now / 1000 - 61 })).error?.status).toBe(401);
  expect(told(await keys.sign({ iss, exp: now / 1000 + 1 })).cluster?.name).toBe('b');
});
