import { expect, onTestFinished, test, vi } from 'vitest';
import { ApiError } from '../api/api-error.ts';
import { apiThat } from './registration-api.fixture.ts';
import { type InstanceStatus, RegistrationStatus } from './registration-status.ts';

const ready: InstanceStatus = { ready: true, draining: false };

test('a write that the API refuses is told and does not stand in the way of the next', async () => {
  let refusals = 1;
  const api = apiThat(async () => {
    if (refusals-- > 0) throw new ApiError(500, { message: 'disk full' });
  });
  const refused: string[] = [];
  const statuses = new RegistrationStatus(api.client, (error) => refused.push((error as Error).message));
  await api.listed;
  await statuses.set('default', 'reviews-v1-0', ready);
  expect([refused, api.written]).toEqual([['disk full'], []]);
  await statuses.set('default', 'reviews-v1-0', { ...ready, pid: 7 });
  expect(api.written).toEqual([{ status: { ...ready, pid: 7 } }]);
  statuses.close();
});

test('a drain is announced until every proxy has taken it, or has refused something', async () => {
  // However long the machine takes, its limit does not pass.
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const api = apiThat(async () => {});
  const type = { subscribed: true, synced: true };
  const list = (...types: object[]) => ({ items: types.map((one) => ({ types: { endpoint: one } })) });
  const answers = [
    list(type, { ...type, synced: false }),
    list(type, { ...type, synced: false }),
    list({ ...type, subscribed: false, synced: false }, { ...type, synced: false, nack: {} }),
  ];
  let asked = 0;
  const request = async (): Promise<unknown> => answers[asked++];
  const statuses = new RegistrationStatus({ ...api.client, request });
  await api.listed;
  await statuses.announceDrain('default', 'reviews-v1-0', ready);
  expect(asked).toBe(answers.length);
  expect(api.written).toEqual([{ status: { ready: false, draining: true } }]);
  statuses.close();
});

test('a drain is announced even where the API is away', async () => {
  const api = apiThat(async () => {
    throw new TypeError('fetch failed');
  });
  const refused: unknown[] = [];
  const statuses = new RegistrationStatus(api.client, (error) => refused.push(error));
  await api.listed;
  await statuses.announceDrain('default', 'reviews-v1-0', ready);
  expect(refused).toEqual([]);
  statuses.close();
});
