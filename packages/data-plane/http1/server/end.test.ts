import { expect, test } from 'vitest';
import { type ScriptedSocket, turn } from '../testing/scripted-socket.fixture.ts';
import { echo, response, type Served, ServerHarness } from './harness.fixture.ts';

const get = 'GET /a?b=c HTTP/1.1\r\nHost: x.y:80\r\nX-Kept: One\r\n\r\n';

test('a client that leaves resets what it asked for', async () => {
  for (const leave of [
    (socket: ScriptedSocket) => socket.destroy(),
    (socket: ScriptedSocket) => socket.deliverEnd(),
  ]) {
    const harness = new ServerHarness();
    harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234');
    await turn();
    leave(harness.socket);
    await turn();
    expect(harness.requests[0]?.recorder.reset).toBe('connection-termination');
    expect(harness.closed).toBe(true);
  }
});

test("a client that half-closes is served all that it asked for, or none where Envoy's way is chosen", async () => {
  const patient = new ServerHarness();
  patient.socket.deliver(get + get);
  patient.socket.deliverEnd();
  await turn();
  for (let count = 1; count <= 2; count++) {
    patient.requests[count - 1]?.stream.sendHead(response(200), true);
    await turn();
  }
  expect(patient.socket.sent.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(patient.socket.sent).toContain('Connection: close');
  await turn();
  expect(patient.closed).toBe(true);

  const waiting = new ServerHarness(() => {}, { halfCloseMs: 1_000 });
  waiting.socket.deliver(get);
  waiting.socket.deliverEnd();
  await turn();
  waiting.clock.advance(900);
  expect(waiting.requests[0]?.recorder.reset).toBeUndefined();
  waiting.clock.advance(200);
  expect(waiting.requests[0]?.recorder.reset).toBe('connection-termination');

  const impatient = new ServerHarness(() => {}, {}, { halfClose: 'reset' });
  impatient.socket.deliver(get);
  impatient.socket.deliverEnd();
  await turn();
  expect(impatient.requests[0]?.recorder.reset).toBe('connection-termination');
});

test('a paused request stops reading, and goes on where it stopped', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  await turn();
  const { stream, recorder } = harness.requests[0] as Served;
  stream.pause();
  expect(harness.socket.isPaused()).toBe(true);
  harness.socket.deliver('3\r\nabc\r\n3\r\ndef\r\n');
  await turn();
  expect(recorder.body).toBe('');
  stream.resume();
  await turn();
  expect(recorder.body).toBe('abcdef');
  harness.socket.deliver(`0\r\n\r\n${get}`);
  await turn();
  expect(recorder.ended).toBe(true);
});

test('a client that does not read holds the response back, and drains it', async () => {
  const harness = new ServerHarness();
  harness.socket.stalled = true;
  harness.socket.deliver(get);
  await turn();
  const { stream, recorder } = harness.requests[0] as Served;
  stream.sendHead(response(200), false);
  let sent = 0;
  while (stream.sendData(Buffer.alloc(10_000, 0x61), false)) {
    sent++;
    if (sent > 1_000) throw new Error('never held back');
    if (sent % 3 === 0) await turn();
  }
  expect(recorder.drains).toBe(0);
  while (recorder.drains === 0) {
    harness.socket.takeAll();
    await turn();
  }
  harness.socket.stalled = false;
  harness.socket.takeAll();
  stream.sendData(Buffer.from('end'), true);
  await turn();
  const content = harness.socket.sent.match(/a+/g)?.reduce((sum, run) => sum + run.length, 0) ?? 0;
  expect(content).toBeGreaterThanOrEqual((sent + 1) * 10_000);
});

test('draining says so in the next answer, and closes an idle connection at once', async () => {
  const busy = new ServerHarness();
  busy.socket.deliver(get);
  await turn();
  busy.server.drain();
  busy.requests[0]?.stream.sendHead(response(200), true);
  await turn();
  expect(busy.socket.sent).toContain('Connection: close');

  const idle = new ServerHarness(echo);
  idle.socket.deliver(get);
  await turn();
  idle.server.drain();
  await turn();
  expect(idle.socket.writableEnded).toBe(true);
});

test('draining ends a connection whose last request was answered early, once its body has come', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc');
  await turn();
  harness.requests[0]?.stream.sendHead(response(200), true);
  await turn();
  harness.server.drain();
  harness.socket.deliver('def');
  await turn();
  expect(harness.socket.writableEnded).toBe(true);
});

test('a bad chunk in a request under way resets it and answers 400', async () => {
  const harness = new ServerHarness();
  harness.socket.deliver('PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await turn();
  harness.socket.deliver('zz\r\n');
  await turn();
  expect(harness.requests[0]?.recorder.reset).toBe('protocol-error');
  expect(harness.socket.sent).toMatch(/^HTTP\/1\.1 400 /);
});
