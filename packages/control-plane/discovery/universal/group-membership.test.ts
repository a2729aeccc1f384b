import { expect, it } from 'vitest';
import { proxyMetadata } from '../../fake-proxy.fixture.ts';
import { groupLabel } from '../../model/instances/instance.ts';
import { asMember } from './group-membership.ts';

const group = (_: string, name: string) =>
  name === 'legacy'
    ? {
        apiVersion: 'networking.istio.io/v1',
        kind: 'WorkloadGroup',
        metadata: { name },
        spec: {
          metadata: { labels: { app: 'legacy', version: 'v7' } },
          template: { serviceAccount: 'legacy', locality: 'eu/a', weight: 3, labels: { tier: 'old' } },
        },
      }
    : undefined;
const claiming = {
  ...proxyMetadata('host-7', 'default'),
  SERVICE_ACCOUNT: 'legacy',
  WORKLOAD_NAME: 'legacy',
  LABELS: { [groupLabel]: 'legacy', app: 'reviews', host: 'seven' },
  TULLE_LOCALITY: 'us/b',
};

it('a member is what its group says; what the group does not say it may add', () => {
  expect(asMember(claiming, group)).toMatchObject({
    LABELS: { [groupLabel]: 'legacy', app: 'legacy', version: 'v7', tier: 'old', host: 'seven' },
    TULLE_LOCALITY: 'eu/a',
    TULLE_WEIGHT: 3,
  });
});

it.each([
  ['another account', { SERVICE_ACCOUNT: 'reviews' }, 'WorkloadGroup legacy runs as legacy, not as reviews'],
  [
    'another workload',
    { WORKLOAD_NAME: 'reviews' },
    'an instance of WorkloadGroup legacy is of no workload reviews',
  ],
  [
    'a group that is not there',
    { LABELS: { [groupLabel]: 'nobody' } },
    'there is no WorkloadGroup nobody in default, which host-7 says it is of',
  ],
])('%s is refused', (_, more, reason) => {
  expect(asMember({ ...claiming, ...more }, group)).toBe(reason);
});

it('who names no group is of none', () => {
  expect(asMember({ ...claiming, LABELS: { app: 'reviews' } }, group)).toBeUndefined();
});
