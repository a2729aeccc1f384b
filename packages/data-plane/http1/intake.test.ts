import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Intake, type IntakeReader } from './intake.ts';
import { Http1Error } from './protocol-error.ts';
import { ScriptedSocket, turn } from './testing/scripted-socket.fixture.ts';

/** Uses as many bytes as it is allowed; `!` breaks the protocol, `^` makes it call back in. */
class Allowed implements IntakeReader {
  readonly socket = new ScriptedSocket();
  readonly intake = new Intake(this.socket.asSocket, this);
  allowed = Number.POSITIVE_INFINITY;
  used = '';
  problem: string | undefined = undefined;
  settlings = 0;
  #inside = false;

  consume(bytes: Buffer): number {
    if (this.#inside) throw new Error('called from within itself');
    this.#inside = true;
    try {
      const count = Math.min(bytes.length, this.allowed);
      const taken = bytes.toString('latin1', 0, count);
      this.allowed -= count;
      this.used += taken;
      if (taken.includes('!')) throw new Http1Error('bad-method');
      if (taken.includes('^')) {
        this.intake.goOn();
        this.intake.regulate();
        expect(this.intake.empty).toBe(false);
      }
      return count;
    } finally {
      this.#inside = false;
    }
  }

  broken(error: Http1Error): void {
    this.problem = error.code;
  }

  get full(): boolean {
    return this.intake.held > 4;
  }

  settled(): void {
    this.settlings++;
  }
}

test('what can not be used yet is held, and used in order once it can be', async () => {
  const reader = new Allowed();
  reader.allowed = 2;
  reader.socket.deliver('abcd');
  await turn();
  reader.socket.deliver('ef');
  await turn();
  expect([reader.used, reader.intake.held]).toEqual(['ab', 4]);
  reader.allowed = 3;
  reader.intake.goOn();
  // Not in this turn: whoever asks is done first.
  expect(reader.used).toBe('ab');
  await turn();
  expect([reader.used, reader.intake.held]).toEqual(['abcde', 1]);
});

test('a socket is not read from while there is no use for more', async () => {
  const reader = new Allowed();
  reader.allowed = 0;
  reader.socket.deliver('abcdef');
  await turn();
  expect(reader.socket.isPaused()).toBe(true);
  reader.allowed = 6;
  reader.intake.goOn();
  await turn();
  expect(reader.socket.isPaused()).toBe(false);
  expect(reader.used).toBe('abcdef');
});

test('its reader may call back in', async () => {
  const reader = new Allowed();
  reader.socket.deliver('a^b');
  await turn();
  expect(reader.used).toBe('a^b');
});

test('nothing is left of what came with a mistake', async () => {
  const reader = new Allowed();
  reader.socket.deliver('a!');
  await turn();
  expect(reader.problem).toBe('bad-method');
  expect(reader.intake.empty).toBe(true);
});

test('the end is told behind what came before it, and is dry when all of that is used', async () => {
  const reader = new Allowed();
  reader.allowed = 1;
  reader.socket.deliver('ab');
  reader.socket.deliverEnd();
  await turn();
  expect([reader.intake.ended, reader.intake.dry]).toEqual([true, false]);
  const before = reader.settlings;
  reader.allowed = 1;
  reader.intake.goOn();
  await turn();
  expect(reader.settlings).toBe(before + 1);
  expect(reader.intake.dry).toBe(true);
});

test('who gives the socket up leaves in it what was not used', async () => {
  const reader = new Allowed();
  const consume = reader.consume.bind(reader);
  reader.consume = (bytes) => {
    reader.intake.release();
    return consume(bytes);
  };
  reader.allowed = 2;
  reader.socket.deliver('abcd');
  await turn();
  const next: Socket = reader.socket.asSocket;
  expect(next.isPaused()).toBe(true);
  const rest: Buffer[] = [];
  next.on('data', (chunk: Buffer) => rest.push(chunk)).resume();
  await turn();
  expect(Buffer.concat(rest).toString()).toBe('cd');
});
