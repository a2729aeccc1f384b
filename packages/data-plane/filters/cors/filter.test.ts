import type { CorsRule } from '@tulle/decision/tables/cors';
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
import { corsFilter } from './filter.ts';

const name = 'envoy.filters.http.cors';
const shop = 'https://shop.example.com';

const cleanup = cleanupAfterEach();

/** Asks a service that speaks of CORS itself, through the filter. */
async function through(
  rule: Partial<CorsRule>,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const app = await backend((_request, response) => {
    response.setHeader('access-control-allow-origin', 'https://of-the-app');
    response.end('from the app');
  });
  cleanup.push(() => app.close());
  const policy: CorsRule = {
    allowsOrigin: (origin) => origin === shop,
    methods: '',
    headers: '',
    exposed: '',
    maxAge: '',
    credentials: false,
    privateNetwork: false,
    forwardsUnmatched: true,
    fraction: 1_000_000,
    ...rule,
  };
  const table = routeTable([host([route(forward('a'), { perFilter: new Map([[name, policy]]) })])]);
  const managed = manager(table, { filters: [{ name, typeUrl: corsFilter.typeUrl, config: {} }] });
  const engine = await startEngine(
    tables({
      listeners: [listener('l', [httpChain(managed)])],
      clusters: [cluster('a', [endpoint(app.port)])],
    }),
  );
  cleanup.push(() => engine.destroy());
  return ask(portOf(engine, 'l'), { method, headers });
}

const preflight = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a,x-b' };
const about = (answer: Answer): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(answer.headers)
      .filter(([field]) => field.startsWith('access-control-'))
      .map(([field, value]) => [field.slice('access-control-'.length), value]),
  );

describe('a preflight', () => {
  it('is answered by the proxy', async () => {
    const rule = { methods: 'GET,PUT', headers: 'x-a', maxAge: '60', credentials: true, exposed: 'x-seen' };
    const answer = await through(rule, 'OPTIONS', { origin: shop, ...preflight });
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(about(answer)).toEqual({
      'allow-origin': shop,
      'allow-credentials': 'true',
      'allow-methods': 'GET,PUT',
      'allow-headers': 'x-a',
      'max-age': '60',
    });
  });

  it('is told what it asks for where all is allowed', async () => {
    const answer = await through({ methods: '*', headers: '*' }, 'OPTIONS', { origin: shop, ...preflight });
    expect(about(answer)).toMatchObject({ 'allow-methods': 'PUT', 'allow-headers': 'x-a,x-b' });
  });

  it('of another origin goes to the service, or is answered without allowing it', async () => {
    const elsewhere = { origin: 'https://evil.example.com', ...preflight };
    expect((await through({ methods: 'PUT' }, 'OPTIONS', elsewhere)).body).toBe('from the app');
    const ignored = await through({ methods: 'PUT', forwardsUnmatched: false }, 'OPTIONS', elsewhere);
    expect([ignored.status, ignored.body]).toEqual([200, '']);
    expect(about(ignored)).toEqual({ 'allow-methods': 'PUT' });
  });

  it('needs a method to ask for: without one it is a request like others', async () => {
    expect((await through({}, 'OPTIONS', { origin: shop })).body).toBe('from the app');
  });
});

describe('a request', () => {
  it('of an allowed origin may be read, as the proxy says it and not the service', async () => {
    const answer = await through({ exposed: 'x-seen', credentials: true }, 'GET', { origin: shop });
    expect(answer.body).toBe('from the app');
    expect(about(answer)).toEqual({
      'allow-origin': shop,
      'allow-credentials': 'true',
      'expose-headers': 'x-seen',
    });
  });

  it('of another origin, or of none, is left as it is', async () => {
    for (const headers of [{ origin: 'https://evil.example.com' }, {}])
      expect(about(await through({ exposed: 'x' }, 'GET', headers as Record<string, string>))).toEqual({
        'allow-origin': 'https://of-the-app',
      });
  });
});
