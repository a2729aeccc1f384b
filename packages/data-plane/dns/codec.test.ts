import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageReader, withLength } from './framing.ts';
import {
  answers,
  isBad,
  type Question,
  rcode,
  readQuestion,
  recordType,
  writeFailure,
  writeReply,
} from './message.ts';
import { query } from './query.fixture.ts';

function read(message: Buffer): Question {
  const question = readQuestion(message);
  if (isBad(question)) throw new Error(`bad: ${question.code}`);
  return question;
}

test('a question is read as it was asked', () => {
  expect(read(query('Reviews.Default.svc.cluster.local', 28, { id: 7 }))).toMatchObject({
    id: 7,
    name: 'reviews.default.svc.cluster.local',
    type: recordType.AAAA,
    recursionDesired: true,
    edns: false,
    udpBytes: 512,
  });
  expect(read(query('.', 1)).name).toBe('');
});

test.each([
  [4096, 1232],
  [1000, 1000],
  [100, 512],
])('an EDNS client that takes %i bytes gets at most %i', (said, taken) => {
  expect(read(query('a.test', 1, { edns: said }))).toMatchObject({ edns: true, udpBytes: taken });
});

const label63 = 'a'.repeat(63);
const refused: [what: string, message: Buffer, code: number | undefined][] = [
  ['shorter than a header', Buffer.alloc(11), undefined],
  ['a response', query('a.test', 1, { flags: 0x8100 }), undefined],
  ['an update', query('a.test', 1, { flags: 0x2800 }), rcode.notImplemented],
  ['no question', Buffer.concat([query('a.test', 1).subarray(0, 4), Buffer.alloc(8)]), rcode.formatError],
  ['a cut question', query('a.test', 1).subarray(0, -1), rcode.formatError],
  [
    'a compressed name',
    Buffer.concat([query('.', 1).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    rcode.formatError,
  ],
  ['a label of 64 bytes', query([`${label63}a`, 'test'].join('.'), 1), rcode.formatError],
  ['a name of 256 bytes', query([label63, label63, label63, 'a'.repeat(62)].join('.'), 1), rcode.formatError],
  ['a class of its own', query('version.bind', 16, { class: 3 }), rcode.refused],
  ['a record cut off', query('a.test', 1, { edns: 512 }).subarray(0, -1), rcode.formatError],
];
test.each(refused)('%s is refused', (_, message, code) => {
  expect(readQuestion(message)).toMatchObject({ code });
});

test('the longest name is a name', () => {
  const name = [label63, label63, label63, 'a'.repeat(61)].join('.');
  expect(read(query(name, 1)).name).toBe(name);
});

test('no bytes break the reader, and what it refuses it refuses without reading past them', () => {
  const mutated = fc
    .tuple(
      fc.domain(),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
      fc.nat(),
    )
    .map(([name, size, changes, cut]) => {
      const message = Buffer.from(query(name, 1, size % 2 === 0 ? {} : { edns: size % 65_536 }));
      for (const [at, byte] of changes) message[at % message.length] = byte;
      return message.subarray(0, cut % 4 === 0 ? cut % (message.length + 1) : message.length);
    });
  const anything = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(mutated, anything), (message) => {
      const question = readQuestion(message);
      if (isBad(question)) return;
      expect(question.name.length).toBeLessThanOrEqual(253);
      expect(question.udpBytes).toBeGreaterThanOrEqual(512);
      const reply = writeReply(question, { code: 0, addresses: [Buffer.alloc(4)], ttlSeconds: 30 }, 512);
      expect(answers(reply, message, question.section)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test('what does not fit a datagram is left out, and the response says so', () => {
  const question = read(query('many.test', 1, { edns: 512 }));
  const addresses = Array.from({ length: 100 }, (_, i) => Buffer.from([10, 0, 0, i]));
  const reply = writeReply(question, { code: rcode.ok, addresses, ttlSeconds: 30 }, 512);
  expect(reply.length).toBeLessThanOrEqual(512);
  expect(reply.readUInt16BE(2) & 0x0200).toBe(0x0200);
  expect(reply.readUInt16BE(6)).toBe(Math.floor((512 - 12 - question.section.length - 11) / 16));
  expect(writeReply(question, { code: rcode.ok, addresses, ttlSeconds: 30 }, 65_535).readUInt16BE(6)).toBe(
    100,
  );
});

test('a failure has the id of what it answers', () => {
  expect(writeFailure({ id: 513, code: rcode.formatError }, rcode.formatError).toString('hex')).toBe(
    '020180810000000000000000',
  );
});

test('only the answer to the question is taken for it', () => {
  const asked = query('a.test', 1, { id: 5 });
  const { section } = read(asked);
  const reply = writeReply(read(asked), { code: 0, addresses: [], ttlSeconds: 0 }, 512);
  expect(answers(reply, asked, section)).toBe(true);
  expect(answers(reply, query('a.test', 1, { id: 6 }), section)).toBe(false);
  expect(answers(reply, asked, read(query('b.test', 1)).section)).toBe(false);
  expect(answers(asked, asked, section)).toBe(false);
});

test('messages over TCP are found however they are cut', () => {
  const sent = [query('a.test', 1), query('b.test', 28), Buffer.alloc(0)];
  const stream = Buffer.concat(sent.map(withLength));
  for (let at = 0; at <= stream.length; at++) {
    const got: Buffer[] = [];
    const reader = new MessageReader((message) => got.push(message));
    reader.push(stream.subarray(0, at));
    reader.push(stream.subarray(at));
    expect(got).toEqual(sent);
  }
});
