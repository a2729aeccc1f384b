import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ConnectionAddresses } from '../addresses.ts';
import { readProxyHeader, writeProxyHeader } from './proxy-header.ts';

const text = (line: string): Buffer => Buffer.from(line, 'latin1');
const signature = '0d0a0d0a000d0a515549540a';
const hex = (rest: string): Buffer => Buffer.from(signature + rest.replaceAll(' ', ''), 'hex');

const four: ConnectionAddresses = {
  remoteAddress: '192.0.2.1',
  remotePort: 56_324,
  localAddress: '198.51.100.2',
  localPort: 443,
};
const six: ConnectionAddresses = {
  remoteAddress: '2001:db8::1',
  remotePort: 1,
  localAddress: '::1',
  localPort: 65_535,
};

const whole: [name: string, header: Buffer, addresses: ConnectionAddresses | undefined][] = [
  ['v1 over IPv4', text('PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n'), four],
  ['v1 over IPv6', text('PROXY TCP6 2001:DB8::1 ::1 1 65535\r\n'), six],
  ['v1 of nobody knows whom', text('PROXY UNKNOWN\r\n'), undefined],
  ['v1 UNKNOWN with more', text(`PROXY UNKNOWN ${'f'.repeat(39)} ${'f'.repeat(39)} 1 2\r\n`), undefined],
  [
    'the longest v1',
    text(
      'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n',
    ),
    {
      remoteAddress: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      remotePort: 65_535,
      localAddress: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      localPort: 65_535,
    },
  ],
  ['v2 over IPv4', hex('21 11 000c c0000201 c6336402 dc04 01bb'), four],
  [
    'v2 over IPv6, with TLVs',
    hex(`21 21 002b 20010db8${'0'.repeat(22)}01 ${'0'.repeat(31)}1 0001 ffff 04 0004 deadbeef`),
    six,
  ],
  ['v2 LOCAL', hex('20 00 0000'), undefined],
  ['v2 LOCAL, whatever else it says', hex('20 11 0003 010203'), undefined],
  ['v2 of an unspecified family', hex('21 00 0002 0102'), undefined],
  ['v2 of a Unix socket', hex(`21 31 00d8 ${'61'.repeat(216)}`), undefined],
];

describe.each(whole)('%s', (_name, header, addresses) => {
  test('is read, and what follows is not of it', () => {
    const result = readProxyHeader(Buffer.concat([header, text('GET / HTTP/1.1\r\n')]));
    expect(result).toMatchObject({ addresses, length: header.length });
    expect(readProxyHeader(header)).toEqual(result);
  });

  test('wants more wherever it is cut', () => {
    for (let at = 0; at < header.length; at++) expect(readProxyHeader(header.subarray(0, at))).toBe('more');
  });
});

test.each([
  'PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n',
  'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 1\r\n',
  'PROXY TCP4  192.0.2.1 198.51.100.2 56324 443\r\n',
  'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 \r\n',
  'PROXY TCP4 192.0.2.1 198.51.100.2 56324 65536\r\n',
  'PROXY TCP4 192.0.2.1 198.51.100.2 0056 443\r\n',
  'PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n',
  'PROXY TCP4 192.0.2.01 198.51.100.2 1 443\r\n',
  'PROXY TCP4 192.0.2.256 198.51.100.2 1 443\r\n',
  'PROXY TCP4 ::1 ::1 1 443\r\n',
  'PROXY TCP6 192.0.2.1 198.51.100.2 1 443\r\n',
  'PROXY TCP6 fe80::1%eth0 ::1 1 443\r\n',
  'PROXY UDP4 192.0.2.1 198.51.100.2 1 443\r\n',
  'PROXY tcp4 192.0.2.1 198.51.100.2 1 443\r\n',
  'PROXY UNKNOWN\n',
  'PROXY \r\n',
  `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
  `PROXY ${'x'.repeat(101)}`,
])('%j is malformed', (line) => expect(readProxyHeader(text(line))).toBe('invalid'));

test.each([
  ['version 1', '11 11 000c c0000201 c6336402 dc04 01bb'],
  ['an unknown command', '22 11 000c c0000201 c6336402 dc04 01bb'],
  ['a datagram', '21 12 000c c0000201 c6336402 dc04 01bb'],
  ['an unknown family', '21 41 000c c0000201 c6336402 dc04 01bb'],
  ['too little for its addresses', '21 11 000b c0000201 c6336402 dc04 01'],
  ['too little for IPv6', '21 21 000c c0000201 c6336402 dc04 01bb'],
])('v2 with %s is malformed', (_name, rest) => expect(readProxyHeader(hex(rest))).toBe('invalid'));

test.each(['GET / HTTP/1.1\r\n', 'PROXYX', 'proxy TCP4', '\r\n\r\nGET', '\x16\x03\x01'])(
  '%j is no header',
  (bytes) => expect(readProxyHeader(text(bytes))).toBe('none'),
);

test('what is written is read, by both versions', () => {
  const address = { ip4: fc.ipV4(), ip6: fc.ipV6() };
  const port = fc.nat({ max: 65_535 });
  const addresses = fc.oneof(
    ...[address.ip4, address.ip6].map((ip) =>
      fc.record({ remoteAddress: ip, remotePort: port, localAddress: ip, localPort: port }),
    ),
  );
  const canonical = (ip: string): string =>
    ip.includes(':') ? new URL(`http://[${ip}]`).hostname.slice(1, -1) : ip;
  fc.assert(
    fc.property(addresses, fc.constantFrom('v1' as const, 'v2' as const), (given, version) => {
      const header = writeProxyHeader(version, given);
      const read = readProxyHeader(header);
      if (typeof read === 'string') throw new Error(read);
      expect(read).toMatchObject({ version, length: header.length });
      const { remoteAddress = '', localAddress = '', ...ports } = read.addresses ?? {};
      expect(ports).toEqual({ remotePort: given.remotePort, localPort: given.localPort });
      expect(canonical(remoteAddress)).toBe(canonical(given.remoteAddress));
      expect(canonical(localAddress)).toBe(canonical(given.localAddress));
    }),
  );
});

test('a connection of our own is LOCAL or UNKNOWN, as is one between families', () => {
  const mixed = { ...four, localAddress: '::1' };
  for (const addresses of [undefined, mixed, { ...four, remoteAddress: '' }]) {
    expect(writeProxyHeader('v1', addresses).toString()).toBe('PROXY UNKNOWN\r\n');
    expect(writeProxyHeader('v2', addresses)).toEqual(hex('20 00 0000'));
  }
});

test('whatever comes, the answer is one of the four, and never reads past the end', () => {
  const start = fc.constantFrom(text('PROXY '), text('PROXY TCP4 '), hex(''), hex('21'), hex('2111'));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (before, after) => {
      const bytes = Buffer.concat([before, after]);
      const result = readProxyHeader(bytes);
      if (typeof result === 'string') expect(['more', 'invalid', 'none']).toContain(result);
      else expect(result.length).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
