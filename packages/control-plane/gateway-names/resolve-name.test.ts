import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { type NameServers, resolveName, systemNames } from './resolve-name.ts';

const open = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const v4 = 'A';
const v6 = 'AAAA';
type Answers = Readonly<
  Record<string, readonly { readonly address: string; readonly ttl: number }[] | undefined>
>;

/** @param known what DNS says by type; what it has not, it does not answer for */
function fake(known: Answers, system: readonly string[] | Error = new Error('ENOTFOUND')) {
  const asked: string[] = [];
  const names: NameServers = {
    async ask(name, family) {
      asked.push(`${name} ${family}`);
      const found = known[family === 4 ? v4 : v6];
      if (found === undefined) throw new Error('ETIMEOUT');
      return found;
    },
    async lookUp() {
      asked.push('the system');
      if (system instanceof Error) throw system;
      return system;
    },
  };
  return { names, asked };
}

const resolved = (known: Answers, system?: readonly string[] | Error, name = 'gw.example.com') => {
  const { names, asked } = fake(known, system);
  return resolveName(name, names, open).then((found) => ({ ...found, asked }));
};

const at = (address: string, ttl = 60) => ({ address, ttl });

test('the addresses of both families, sorted, each once, as long as the shortest of them holds', async () => {
  expect(
    await resolved({
      A: [at('192.0.2.2', 90), at('192.0.2.1', 300), at('192.0.2.2')],
      AAAA: [at('2001:db8::1', 45)],
    }),
  ).toEqual({
    value: ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
    freshMs: 45_000,
    asked: ['gw.example.com 4', 'gw.example.com 6'],
  });
});

test.each([
  [0, 30_000],
  [31, 31_000],
  [1_000_000, 3_600_000],
])('what holds %i s is asked for again after %i ms', async (ttl, freshMs) => {
  expect((await resolved({ A: [at('192.0.2.1', ttl)] })).freshMs).toBe(freshMs);
});

test('one family that does not answer leaves the other; without an answer it is as this machine has it', async () => {
  expect((await resolved({ AAAA: [at('2001:db8::1')] })).value).toEqual(['2001:db8::1']);
  expect(await resolved({ A: [], AAAA: [] }, ['192.0.2.7'])).toMatchObject({
    value: ['192.0.2.7'],
    freshMs: 30_000,
  });
  await expect(resolved({})).rejects.toThrow('ENOTFOUND');
  await expect(resolved({}, [])).rejects.toThrow('it has no address');
});

test('nobody else is asked for localhost (RFC 6761)', async () => {
  expect(await resolved({ A: [at('192.0.2.1')] }, ['127.0.0.1'], 'localhost')).toMatchObject({
    value: ['127.0.0.1'],
    asked: ['the system'],
  });
});

test('what DNS says is bounded: no addresses of nobody or of machines’ secrets, no more than 64', async () => {
  const bad = ['169.254.169.254', '0.0.0.0', '224.0.0.1', 'fe80::1', '::'];
  expect((await resolved({ A: [...bad, '192.0.2.1'].map((one) => at(one)) })).value).toEqual(['192.0.2.1']);
  await expect(resolved({ A: [at('169.254.169.254')] })).rejects.toThrow(
    'gw.example.com is at 169.254.169.254, which is nobody’s',
  );
  const many = Array.from({ length: 200 }, (_, index) => at(`192.0.2.${index}`));
  expect((await resolved({ A: many })).value).toHaveLength(64);
});

test('a name server is asked, and an answer that is no longer waited for ends at once', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  let isSilent = false;
  const silent = new Promise<void>((resolve) => {
    server.on('message', (question, { port, address }) => {
      if (isSilent) resolve();
      else server.send(answerTo(question), port, address);
    });
  });
  const names = systemNames([`127.0.0.1:${server.address().port}`]);
  expect(await names.ask('gw.example.com', 4, open)).toMatchObject([{ address: '192.0.2.9', ttl: 77 }]);
  isSilent = true;
  const closing = new AbortController();
  const asked = names.ask('gw.example.com', 4, closing.signal);
  await silent;
  closing.abort();
  await expect(asked).rejects.toThrow('ECANCELLED');
});

/** The question again, and 192.0.2.9 for 77 s (RFC 1035, 4.1). */
function answerTo(question: Buffer): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  head.writeUInt32BE(0, 8);
  const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 77, 0, 4, 192, 0, 2, 9]);
  return Buffer.concat([head, answer]);
}
