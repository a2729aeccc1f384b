import { expect, test } from 'vitest';
import { openSqliteStore } from '../../store/sqlite.ts';
import { sweep } from './event-expiry.ts';

test('Events go an hour after they last occurred', async () => {
  const store = openSqliteStore(':memory:');
  const event = (name: string, times: object) =>
    store.create(
      { group: '', plural: 'events', namespace: 'a', name },
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
        ...times,
      },
    );
  await event('old', {});
  await event('again', { lastTimestamp: '2026-01-01T02:00:00Z' });
  await sweep(store, Date.parse('2026-01-01T01:00:00Z'));
  const { items } = await store.list({ group: '', plural: 'events' });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['again']);
  await store.close();
});
