/** What rows of HTTPS at a gateway are made of. */
import { gateway, subsets, toHttp, virtualService } from '../documents.ts';
import type { HttpStep } from '../scenario.ts';

/** An HTTPS server for `$edge`, and a route to v1. */
export const https = (tls: string): readonly string[] => [
  subsets(),
  gateway(`
    servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [$edge]
      tls: ${tls}
  `),
  virtualService(`
    hosts: [$edge]
    gateways: [$name]
    http:
    - ${toHttp('v1')}
  `),
];

/** Clients that come in to v1, and such as are refused. */
export const asked = (more: Omit<HttpStep, 'expect'> = {}): HttpStep => ({
  from: 'gateway',
  url: 'https://$edge/',
  ...more,
  expect: { version: 'v1' },
});
export const refused = (more: Omit<HttpStep, 'expect'> = {}): HttpStep => ({
  from: 'gateway',
  url: 'https://$edge/',
  ...more,
  expect: { refused: true, received: 0 },
});
