import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { expect, test } from 'vitest';
import { openOriginalDestination } from './original-destination.ts';
import { readSocketAddress } from './socket-address.ts';

function sockaddr(family: number, hex: string): Buffer {
  const head = Buffer.alloc(2);
  if (endianness() === 'LE') head.writeUInt16LE(family);
  else head.writeUInt16BE(family);
  return Buffer.concat([head, Buffer.from(hex.replaceAll(' ', ''), 'hex'), Buffer.alloc(16)], 28);
}

test.each([
  [2, '0050 f0f00102', { address: '240.240.1.2', port: 80 }],
  [10, '01bb 00000000 20010db8000000000000000000000001 00000000', { address: '2001:db8::1', port: 443 }],
  [10, '01bb 00000000 00000000000000000000000000000001 00000000', { address: '::1', port: 443 }],
  [
    10,
    '01bb 00000000 20010db8000000010001000100010001 00000000',
    { address: '2001:db8:0:1:1:1:1:1', port: 443 },
  ],
  [10, '0035 00000000 00000000000000000000ffff7f000001 00000000', { address: '127.0.0.1', port: 53 }],
  [1, '2f746d70', undefined],
])('a socket address of family %i is read', (family, hex, expected) => {
  expect(readSocketAddress(sockaddr(family, hex))).toEqual(expected);
});

test.skipIf(process.platform !== 'linux')(
  'a connection that nobody redirected went where it arrived, and a closed one nowhere',
  async () => {
    const destinationOf = await openOriginalDestination();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    // Without connection tracking in the namespace the kernel knows nothing.
    expect([undefined, { address: '127.0.0.1', port }]).toContainEqual(destinationOf(socket));
    socket.destroy();
    expect(destinationOf(socket)).toBeUndefined();
    client.destroy();
    server.close();
  },
);
