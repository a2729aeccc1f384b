import * as net from 'node:net';
import type { GrpcConnection, GrpcStatus, GrpcStream } from '@tulle/xds/client/transport';
import { afterEach, expect, test } from 'vitest';
import { Flag, FrameType } from '../http2/frames/frame.ts';
import { Setting } from '../http2/frames/settings.ts';
import {
  data,
  type Fields,
  frame,
  goaway,
  headers,
  parseFrames,
  rst,
  settings,
} from '../http2/testing/frames.ts';
import { VirtualClock } from '../timers/virtual-clock.fixture.ts';
import { TimerWheel } from '../timers/wheel.ts';
import { grpcConnector } from './connection.ts';
import { frameMessage } from './message-reader.ts';

const prefaceBytes = 24;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server whose every byte the test says, and one call to it. */
class Scene {
  readonly clock = new VirtualClock();
  readonly wheel = new TimerWheel({ clock: this.clock });
  readonly messages: string[] = [];
  readonly server = net.createServer((socket) => this.#accept(socket));
  socket!: net.Socket;
  connection!: GrpcConnection;
  call!: GrpcStream;
  ended!: Promise<GrpcStatus>;
  #received = Buffer.alloc(0);
  readonly #wakers: (() => void)[] = [];

  #accept(socket: net.Socket): void {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
  }

  #wake(): void {
    for (const wake of this.#wakers.splice(0)) wake();
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      this.connection.close();
      this.server.close();
      this.socket?.destroy();
    });
    const { port } = this.server.address() as net.AddressInfo;
    this.connection = grpcConnector(this.wheel)({ address: '127.0.0.1', port, serverIdentity: '' });
    this.ended = this.open();
    return this;
  }

  open(): Promise<GrpcStatus> {
    return new Promise((onEnd) => {
      this.call = this.connection.open(
        '/a/b',
        { 'x-y': 'z' },
        { onMessage: (message) => this.messages.push(Buffer.from(message).toString()), onEnd },
      );
    });
  }

  say(...bytes: Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Resolves once the client has sent such a frame. */
  async until(type: number, id: number): Promise<void> {
    await this.#until(() =>
      parseFrames(this.#received.subarray(prefaceBytes)).some((seen) => seen.type === type && seen.id === id),
    );
  }

  async untilClosed(): Promise<void> {
    await this.#until(() => this.socket.destroyed);
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((wake) => this.#wakers.push(wake));
  }

  /** SETTINGS, and the call begun. */
  async begun(): Promise<this> {
    await this.start();
    await this.until(FrameType.Settings, 0);
    this.say(settings());
    await this.until(FrameType.Headers, 1);
    return this;
  }
}

const ok: Fields = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
];
const message = (text: string): Buffer => frameMessage(Buffer.from(text));
const dataOf = (id: number, bytes: Buffer): Buffer => frame(FrameType.Data, 0, id, bytes);

test.each<[string, (scene: Scene) => void, GrpcStatus]>([
  [
    'a status in place of an answer, while our half is open',
    ({ socket }) =>
      socket.write(
        headers(1, [...ok, ['grpc-status', '7'], ['grpc-message', 'not%20you %e2%80%93 go']], true),
      ),
    { code: 7, message: 'not you – go' },
  ],
  [
    'a message that is no percent-encoding',
    ({ socket }) => socket.write(headers(1, [...ok, ['grpc-status', '9'], ['grpc-message', '100%']], true)),
    { code: 9, message: '100%' },
  ],
  [
    'a status that is no number',
    ({ socket }) => socket.write(headers(1, [...ok, ['grpc-status', 'fine']], true)),
    { code: 2, message: '' },
  ],
  [
    'an HTTP error with content',
    ({ socket }) =>
      socket.write(Buffer.concat([headers(1, [[':status', '503']], false), data(1, 'sorry', true)])),
    { code: 14, message: 'HTTP status 503' },
  ],
  [
    'an end without status',
    ({ socket }) => socket.write(Buffer.concat([headers(1, ok, false), data(1, '', true)])),
    { code: 2, message: 'the answer has no status' },
  ],
  [
    'an end within a message',
    ({ socket }) =>
      socket.write(
        Buffer.concat([
          headers(1, ok, false),
          dataOf(1, message('half').subarray(0, 7)),
          headers(1, [['grpc-status', '0']], true),
        ]),
      ),
    { code: 13, message: 'the answer ends within a message' },
  ],
  [
    'a compressed message',
    ({ socket }) =>
      socket.write(Buffer.concat([headers(1, ok, false), dataOf(1, Buffer.of(1, 0, 0, 0, 1, 0))])),
    { code: 13, message: 'compressed messages are not accepted' },
  ],
  ['RST_STREAM', ({ socket }) => socket.write(rst(1, 8)), { code: 14, message: 'RST_STREAM 8' }],
  [
    'a connection cut within a message',
    ({ socket }) =>
      socket.write(Buffer.concat([headers(1, ok, false), dataOf(1, message('half').subarray(0, 7))]), () =>
        socket.destroy(),
      ),
    { code: 14, message: 'connection closed' },
  ],
  [
    'GOAWAY that leaves the call out',
    ({ socket }) => socket.write(goaway(0, 0)),
    { code: 14, message: 'the control plane is going away' },
  ],
  [
    'frames against the protocol',
    ({ socket }) => socket.write(frame(FrameType.Data, 0, 0)),
    { code: 14, message: expect.stringMatching(/./) as unknown as string },
  ],
])('the server ends it by %s', async (_, act, status) => {
  const scene = await new Scene().begun();
  act(scene);
  expect(await scene.ended).toEqual(status);
});

test('GOAWAY lets the call that was accepted go on, and new ones fail', async () => {
  const scene = await new Scene().begun();
  scene.say(goaway(1, 0), headers(1, ok, false), dataOf(1, message('still here')));
  const first = scene.ended;
  scene.call.send(Buffer.from('x'));
  await scene.until(FrameType.Data, 1);
  expect(await scene.open()).toEqual({ code: 14, message: 'the control plane is going away' });
  scene.say(headers(1, [['grpc-status', '0']], true));
  expect(await first).toEqual({ code: 0, message: '' });
  expect(scene.messages).toEqual(['still here']);
});

test('a call that finds no room waits until another is over', async () => {
  const scene = await new Scene().start();
  await scene.until(FrameType.Settings, 0);
  const first = scene.ended;
  const second = scene.open();
  scene.call.send(Buffer.from('early'));
  scene.call.end();
  scene.say(settings([Setting.MaxConcurrentStreams, 1]));
  await scene.until(FrameType.Headers, 1);
  scene.say(headers(1, [...ok, ['grpc-status', '5']], true));
  expect((await first).code).toBe(5);
  await scene.until(FrameType.Data, 3);
  scene.say(headers(3, [...ok, ['grpc-status', '6']], true));
  expect((await second).code).toBe(6);
});

test('a server that never speaks is given up when its PONG is missing, too', async () => {
  const scene = await new Scene().start();
  await scene.until(FrameType.Settings, 0);
  scene.clock.advance(15_100);
  expect(await scene.ended).toEqual({ code: 14, message: 'the control plane does not answer' });
});

test('a server that is gone without a word is noticed by its missing PONG', async () => {
  const scene = await new Scene().begun();
  scene.clock.advance(10_050);
  await scene.until(FrameType.Ping, 0);
  scene.say(
    frame(FrameType.Ping, Flag.Ack, 0, Buffer.alloc(8)),
    headers(1, ok, false),
    dataOf(1, message('a')),
  );
  scene.call.send(Buffer.from('x'));
  while (scene.messages.length === 0) await new Promise((resolve) => setImmediate(resolve));
  scene.clock.advance(5_050);
  scene.clock.advance(10_050);
  scene.clock.advance(5_050);
  expect(await scene.ended).toEqual({ code: 14, message: 'the control plane does not answer' });
  await scene.untilClosed();
});

test('closing says goodbye, and nothing waits any more', async () => {
  const scene = await new Scene().begun();
  scene.call.cancel();
  scene.connection.close();
  await scene.until(FrameType.RstStream, 1);
  await scene.until(FrameType.Goaway, 0);
  scene.socket.end();
  await scene.untilClosed();
  while (scene.wheel.armed > 0) await new Promise((resolve) => setImmediate(resolve));
});
