/** RequestAuthentication: whose tokens are taken, where they stand, and what comes of their claims. */
import { docs, edge, resource, subsets, toHttp, virtualService } from '../documents.ts';
import type { HttpExpectation, Scenario } from '../scenario.ts';
import { forged, type Issuer, issuer } from '../tokens.ts';

const reference = 'https://istio.io/latest/docs/reference/config/security';
const doc = `${reference}/request_authentication/#RequestAuthentication`;
const ruleDoc = `${reference}/jwt/#JWTRule`;
const filterDoc = docs.envoy('configuration/http/http_filters/jwt_authn_filter');

/** For what comes in at the applications. */
const trust = (of: Issuer, more = ''): string =>
  resource(
    'security.istio.io/v1',
    'RequestAuthentication',
    `
      selector: { matchLabels: { app: echo } }
      jwtRules:
      - issuer: ${of.name}
        jwks: '${of.keySet}'
        ${more}
    `,
  );

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refused = (more: HttpExpectation = {}): HttpExpectation => ({
  status: 401,
  received: 0,
  headers: { 'www-authenticate': /^Bearer realm="http:\/\/s\d+\..*", error="invalid_token"$/ },
  ...more,
});

const plain = issuer('plain');
const audience = issuer('audience');
const places = issuer('places');
const telling = issuer('telling');
const forms = issuer('forms');
const keeping = issuer('keeping');
const unknown = issuer('unknown');
const routing = issuer('routing');
const counting = issuer('counting');

/** For what comes in through the gateway. */
const trustAtGateway = (of: Issuer): string =>
  resource(
    'security.istio.io/v1',
    'RequestAuthentication',
    `
      selector: { matchLabels: { istio: ingressgateway } }
      jwtRules: [{ issuer: ${of.name}, jwks: '${of.keySet}' }]
    `,
  ).replace('name: $name', 'name: $name, namespace: tulle-system');

export const tokens: readonly Scenario[] = [
  {
    title: 'token: a valid one is let in and taken out, and so is a request without any',
    doc,
    resources: [trust(plain)],
    steps: [
      { headers: bearer(plain.token({ sub: 'jane' })), expect: { seen: { authorization: null } } },
      { expect: {} },
      { headers: { authorization: 'Basic YTpi' }, expect: { seen: { authorization: 'Basic YTpi' } } },
    ],
  },
  {
    title: 'token: expired, not yet valid, forged, of an unknown issuer, or none at all: 401',
    doc: filterDoc,
    resources: [],
    steps: [
      { headers: bearer(plain.token({ exp: 1 })), expect: refused() },
      { headers: bearer(plain.token({ nbf: 4_000_000_000 })), expect: refused() },
      { headers: bearer(forged(plain.token())), expect: refused() },
      { headers: bearer(unknown.token()), expect: refused() },
      { headers: bearer('nothing'), expect: refused() },
    ],
  },
  {
    title: 'token: a leeway of a minute for clocks that differ',
    doc: docs.envoy('api-v3/extensions/filters/http/jwt_authn/v3/config.proto'),
    resources: [],
    steps: [{ headers: bearer(plain.token({ nbf: Math.floor(Date.now() / 1000) + 55 })), expect: {} }],
  },
  {
    title: 'token: for one of the audiences',
    doc: ruleDoc,
    resources: [trust(audience, 'audiences: [shop, store]')],
    steps: [
      { headers: bearer(audience.token({ aud: 'shop' })), expect: {} },
      { headers: bearer(audience.token({ aud: ['other', 'store'] })), expect: {} },
      { headers: bearer(audience.token({ aud: 'other' })), expect: { status: 403, received: 0 } },
      { headers: bearer(audience.token()), expect: { status: 403, received: 0 } },
    ],
  },
  {
    title: 'token: in a header of its own, a parameter, a cookie',
    doc: ruleDoc,
    resources: [
      trust(
        places,
        'fromHeaders: [{ name: x-jwt, prefix: "JWT " }]\n        fromParams: [jwt]\n        fromCookies: [jwt]',
      ),
    ],
    steps: [
      { headers: { 'x-jwt': `JWT ${places.token()}` }, expect: { seen: { 'x-jwt': null } } },
      { headers: { 'x-jwt': `JWT ${forged(places.token())}` }, expect: refused() },
      { url: `http://$host/a?b=c&jwt=${places.token()}`, expect: { seen: { ':path': '/a?b=c' } } },
      { url: `http://$host/a?jwt=${forged(places.token())}`, expect: { status: 401, received: 0 } },
      { headers: { cookie: `a=b; jwt=${places.token()}` }, expect: {} },
      { headers: { cookie: `jwt=${forged(places.token())}` }, expect: refused() },
    ],
  },
  {
    title: 'token: claims in headers, whatever clients say there',
    doc: ruleDoc,
    resources: [
      trust(
        telling,
        `outputPayloadToHeader: x-telling
        outputClaimToHeaders:
        - { header: x-telling-sub, claim: sub }
        - { header: x-telling-team, claim: org.team }
        - { header: x-telling-admin, claim: admin }
        - { header: x-telling-level, claim: level }`,
      ),
    ],
    steps: [
      {
        headers: {
          ...bearer(telling.token({ sub: 'jane', org: { team: 'blue' }, admin: true, level: 7 })),
          'x-telling-sub': 'root',
        },
        expect: {
          seen: {
            'x-telling': /^[\w-]+$/,
            'x-telling-sub': 'jane',
            'x-telling-team': 'blue',
            'x-telling-admin': 'true',
            'x-telling-level': '7',
          },
        },
      },
      { headers: { 'x-telling-sub': 'root' }, expect: { seen: { 'x-telling-sub': null } } },
    ],
  },
  {
    title:
      'token: claims of other forms in headers: lists and objects as JSON in base64, numbers, text beyond ASCII',
    doc: docs.envoy(
      'api-v3/extensions/filters/http/jwt_authn/v3/config.proto#extensions-filters-http-jwt-authn-v3-jwtclaimtoheader',
    ),
    resources: [
      trust(
        forms,
        `outputClaimToHeaders:
        - { header: x-list, claim: list }
        - { header: x-object, claim: object }
        - { header: x-empty, claim: empty }
        - { header: x-fraction, claim: fraction }
        - { header: x-negative, claim: negative }
        - { header: x-large, claim: large }
        - { header: x-text, claim: text }
        - { header: x-nothing, claim: nothing }
        - { header: x-null, claim: none }
        - { header: x-absent, claim: absent.at.all }`,
      ),
    ],
    steps: [
      {
        headers: bearer(
          forms.token({
            ...{ list: ['a', 1, true], object: { team: 'blau' }, empty: [], none: null, nothing: '' },
            ...{ fraction: 1.5, negative: -3, large: 2 ** 53 - 1, text: 'Zoë' },
          }),
        ),
        expect: {
          seen: {
            'x-list': Buffer.from('["a",1,true]').toString('base64'),
            'x-object': Buffer.from('{"team":"blau"}').toString('base64'),
            'x-empty': Buffer.from('[]').toString('base64'),
            'x-fraction': '1.500000',
            'x-negative': '-3.000000',
            'x-large': '9007199254740991',
            'x-text': Buffer.from('Zoë').toString('latin1'),
            'x-nothing': null,
            'x-null': null,
            'x-absent': null,
          },
        },
      },
    ],
  },
  {
    title: 'token: who is refused is told where, as it was asked for',
    doc: filterDoc,
    resources: [],
    steps: (['http', 'http2'] as const).map((kind) => ({
      kind,
      url: kind === 'http' ? 'http://$host/a?b=c' : 'http://$host:81/a?b=c',
      headers: bearer('nothing'),
      expect: refused({
        headers: {
          'www-authenticate':
            kind === 'http'
              ? 'Bearer realm="http://$host/a?b=c", error="invalid_token"'
              : 'Bearer realm="http://$host:81/a?b=c", error="invalid_token"',
        },
      }),
    })),
  },
  {
    title: 'token: forwarded where the rule says so',
    doc: ruleDoc,
    resources: [trust(keeping, 'forwardOriginalToken: true')],
    steps: [{ headers: bearer(keeping.token()), expect: { seen: { authorization: /^Bearer ey/ } } }],
  },
  {
    title: 'token: calls of gRPC are told by their status',
    doc: filterDoc,
    resources: [],
    steps: [
      {
        kind: 'grpc',
        url: 'http://$host:82/a.B/C',
        headers: bearer(plain.token({ exp: 1 })),
        expect: { grpcStatus: 16, received: 0 },
      },
    ],
  },
  {
    title:
      'claims: routes at a gateway by text, list, nested claim and presence; without a token none of them',
    doc: 'https://istio.io/latest/docs/tasks/security/authentication/jwt-route/',
    resources: [
      trustAtGateway(routing),
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - match: [{ headers: { "@request.auth.claims.group": { exact: admin } } }]
          ${toHttp('v1')}
        - match: [{ headers: { "@request.auth.claims[org][team]": { prefix: bl } } }]
          ${toHttp('v2')}
        - match: [{ headers: { "@request.auth.claims.beta": {} } }]
          directResponse: { status: 202 }
        - match: [{ withoutHeaders: { "@request.auth.claims.scope": { exact: read } } }]
          directResponse: { status: 203 }
        - ${toHttp('v3')}
      `),
    ],
    steps: [
      ...[
        [{ group: 'admin' }, { version: 'v1' }],
        [{ group: ['user', 'admin'] }, { version: 'v1' }],
        [{ org: { team: 'blue' } }, { version: 'v2' }],
        [
          { beta: 'yes', group: 'user' },
          { status: 202, received: 0 },
        ],
        [{ group: 'user' }, { status: 203, received: 0 }],
        [{ scope: 'write read' }, { version: 'v3' }],
      ].map(([claims, expect]) => ({
        from: 'gateway' as const,
        url: 'http://$edge/',
        headers: bearer(routing.token(claims as Record<string, unknown>)),
        expect: expect as HttpExpectation,
      })),
      { from: 'gateway', url: 'http://$edge/', expect: { status: 203, received: 0 } },
      {
        from: 'gateway',
        url: 'http://$edge/',
        headers: bearer(forged(routing.token({ group: 'admin' }))),
        expect: { status: 401, received: 0 },
      },
    ],
  },
  {
    title: 'claims: a limit for each value, and one for all without',
    doc: docs.envoy(
      'api-v3/config/route/v3/route_components.proto#config-route-v3-ratelimit-action-metadata',
    ),
    resources: [
      trustAtGateway(counting),
      subsets(),
      edge,
      virtualService(`
        hosts: [$edge]
        gateways: [$name]
        http:
        - ${toHttp('v1')}
      `),
      resource(
        'tulle.dev/v1alpha1',
        'RateLimitPolicy',
        `
          targetRefs: [{ kind: Gateway, name: $name }]
          limits:
          - name: users
            by: [{ jwtClaim: sub }]
            requests: 2
            per: 1h
            overrides: [{ values: [jane], requests: 3 }]
        `,
      ),
    ],
    steps: [
      ...(
        [
          ['jane', 3],
          ['mary', 2],
          ['joe', 2],
        ] as const
      ).map(([sub, passed]) => ({
        from: 'gateway' as const,
        url: 'http://$edge/',
        times: 4,
        headers: bearer(counting.token({ sub })),
        expect: { status: { 200: passed, 429: 4 - passed } },
      })),
      { from: 'gateway', url: 'http://$edge/', times: 3, expect: { status: { 200: 2, 429: 1 } } },
    ],
  },
];
