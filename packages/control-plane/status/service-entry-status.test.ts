import type { Resource } from '@tulle/resources/kind';
import { expect, test } from 'vitest';
import { buildModel } from '../model/model.ts';
import { serviceEntryStatus } from './service-entry-status.ts';

const entry = (spec: object): Resource => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name: 'e', namespace: 'a' },
  spec: { ports: [{ number: 80, name: 'http' }], ...spec },
});
const statusOf = (resource: Resource, status?: unknown): unknown =>
  serviceEntryStatus(resource, status, buildModel({ mesh: {}, resources: [resource], instances: [] }).config);

test('tells the addresses that were given to its hosts, once', () => {
  const two = entry({ hosts: ['a.example', 'b.example'], resolution: 'DNS' });
  const status = statusOf(two, { conditions: [] }) as { addresses: { value: string; host: string }[] };
  expect(status).toMatchObject({ conditions: [], addresses: [{ host: 'a.example' }, { host: 'b.example' }] });
  for (const { value } of status.addresses) expect(value).toMatch(/^240\.240\./);
  expect(statusOf(two, status)).toBe(status);
});

test.each([
  { hosts: ['a.example'], resolution: 'DNS', addresses: ['10.1.1.1'] },
  { hosts: ['*.example'], resolution: 'NONE' },
])('says nothing where none was given, and takes back what it said: %j', (spec) => {
  expect(
    statusOf(entry(spec), { conditions: [], addresses: [{ value: '240.240.0.1', host: 'a.example' }] }),
  ).toEqual({ conditions: [] });
  expect(statusOf(entry(spec))).toBeUndefined();
});
