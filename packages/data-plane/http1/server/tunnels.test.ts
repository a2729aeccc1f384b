import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { turn } from '../testing/scripted-socket.fixture.ts';
import { response, type Served, ServerHarness } from './harness.fixture.ts';

const get = 'GET /a?b=c HTTP/1.1\r\nHost: x.y:80\r\nX-Kept: One\r\n\r\n';

test('websocket: 101, then bytes both ways as they are, then both ends', async () => {
  const harness = new ServerHarness();
  const bytes =
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n';
  harness.socket.deliver(bytes);
  await turn();
  const { stream, recorder, head } = harness.requests[0] as Served;
  expect(head.upgrade).toBe('websocket');
  expect(recorder.ended).toBe(false);
  harness.socket.deliver('early');
  await turn();
  expect(recorder.body).toBe('');
  stream.sendHead(response(101, { 'Sec-WebSocket-Accept': 'v' }), false);
  await turn();
  expect(harness.socket.sent).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: v\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  harness.socket.deliver('\r\nGET / not a request');
  stream.sendData(Buffer.from('\0\x01'), false);
  await turn();
  expect(recorder.body).toBe('early\r\nGET / not a request');
  expect(harness.socket.sent.endsWith('\r\n\r\n\0\x01')).toBe(true);
  harness.socket.deliverEnd();
  await turn();
  expect(recorder.ended).toBe(true);
  expect(harness.closed).toBe(false);
  stream.sendData(Buffer.from('bye'), true);
  await turn();
  expect(harness.socket.sent.endsWith('bye')).toBe(true);
  expect(harness.closed).toBe(true);
  expect(recorder.reset).toBeUndefined();
});

test('a refused upgrade is an ordinary answer, unless bytes of the tunnel came already', async () => {
  const bytes = 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n';
  const patient = new ServerHarness();
  patient.socket.deliver(bytes);
  await turn();
  patient.requests[0]?.stream.sendHead(response(403), true);
  await turn();
  expect(patient.socket.writableEnded).toBe(false);
  patient.socket.deliver(get);
  await turn();
  expect(patient.requests).toHaveLength(2);

  const hasty = new ServerHarness();
  hasty.socket.deliver(`${bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
  await turn();
  hasty.requests[0]?.stream.sendHead(response(403), true);
  await turn();
  expect(hasty.requests).toHaveLength(1);
  expect(hasty.socket.writableEnded).toBe(true);
});

test('a CONNECT that is taken over gives the socket with the bytes that came with it', async () => {
  let taken: Socket | undefined;
  const harness = new ServerHarness(
    () => {},
    {},
    {
      onConnect: (head, connection) => {
        expect(head.authority).toBe('a:9080');
        taken = connection.acceptTunnel();
        return true;
      },
    },
  );
  harness.socket.deliver('CONNECT a:9080 HTTP/1.1\r\nHost: a:9080\r\n\r\nfirst ');
  await turn();
  let seen = '';
  taken?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  taken?.resume();
  harness.socket.deliver('second');
  await turn();
  expect(seen).toBe('first second');
  expect(harness.socket.sent).toBe('HTTP/1.1 200 OK\r\n\r\n');
  expect(harness.requests).toHaveLength(0);
});
