import { expect, test } from 'vitest';
import { turn } from '../testing/scripted-socket.fixture.ts';
import { response, type Served, ServerHarness } from './harness.fixture.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const body = Buffer.alloc(50_000, 'x');

function answer({ stream }: Served): void {
  stream.sendHead(response(200, { 'content-length': String(body.length) }), false);
  stream.sendData(body, true);
}

test('a client that takes no answers is read no further requests from, and in the end is gone', async () => {
  const harness = new ServerHarness(answer, { flushTimeoutMs: 10_000 });
  harness.socket.stalled = true;
  for (let sent = 0; sent < 100; sent++) {
    harness.socket.deliver(get);
    await turn();
  }
  // As many as fill the outbox; the rest is not even parsed.
  expect(harness.requests.length).toBeLessThan(5);
  const begun = harness.requests.length;

  // It takes what there is: a few more, and again no more than that.
  for (let taken = 0; taken < 20 && harness.requests.length === begun; taken++) {
    harness.socket.takeAll();
    await turn();
  }
  expect(harness.requests.length).toBeGreaterThan(begun);
  expect(harness.requests.length).toBeLessThan(begun + 5);

  harness.clock.advance(10_100);
  await turn();
  expect(harness.closed).toBe(true);
});

test('all are answered in the end when it reads', async () => {
  const harness = new ServerHarness(answer);
  harness.socket.stalled = true;
  harness.socket.deliver(get.repeat(40));
  for (let taken = 0; taken < 400 && harness.requests.length < 40; taken++) {
    await turn();
    harness.socket.takeAll();
  }
  expect(harness.requests).toHaveLength(40);
});

test('a client that leaves meanwhile is let go', async () => {
  const harness = new ServerHarness(answer, { lingerMs: 1_000 });
  harness.socket.stalled = true;
  harness.socket.deliver(get.repeat(40));
  await turn();
  harness.socket.deliverEnd();
  await turn();
  harness.clock.advance(10_100);
  await turn();
  expect(harness.closed).toBe(true);
  expect(harness.requests.length).toBeLessThan(5);
});
