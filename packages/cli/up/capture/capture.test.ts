import { expect, test } from 'vitest';
import { identifyProcess, type ProcessIdentity } from '../process-identity.ts';
import { Capture } from './capture.ts';
import { findCgroupMount } from './cgroup-mount.ts';
import { inetTables } from './nft.ts';
import { isAbandoned, nameOf, ownerOf } from './owner.ts';
import { canTellGroups } from './probe-groups.ts';

const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const hybrid = [
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
].join('\n');

test.each<[what: string, mountinfo: string, own: string, expected: unknown]>([
  [
    'one hierarchy',
    unified,
    '0::/user.slice/session-1.scope\n',
    { folder: '/sys/fs/cgroup/user.slice/session-1.scope', level: 2 },
  ],
  ['beside cgroup v1', hybrid, '9:cpu:/\n0::/\n', { folder: '/sys/fs/cgroup/unified', level: 0 }],
  [
    'part of it mounted',
    '30 23 0:26 /docker/x /mnt/a\\040b rw - cgroup2 cgroup2 rw',
    '0::/docker/x/y\n',
    { folder: '/mnt/a b/y', level: 3 },
  ],
  [
    'another part mounted',
    '30 23 0:26 /docker/z /sys/fs/cgroup rw - cgroup2 cgroup2 rw',
    '0::/docker/x\n',
    undefined,
  ],
  ['only to be read', '30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw', '0::/\n', undefined],
  ['read-only as a whole', '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 ro', '0::/\n', undefined],
  ['cgroup v1 alone', '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu', '1:cpu:/\n', undefined],
])('cgroup v2: %s', (_, mountinfo, own, expected) => {
  expect(findCgroupMount(mountinfo, own)).toEqual(expected);
});

test('a name says whose it is, and whether that process is gone', () => {
  const self = identifyProcess(process.pid) as ProcessIdentity;
  const name = nameOf('my-shop', self);
  expect(ownerOf(name)).toEqual(process.platform === 'linux' ? self : undefined);
  expect(isAbandoned(name)).toBe(false);
  expect(isAbandoned(`tulle-my-shop-${process.pid}-1-0a1b2c3d`)).toBe(true);
  for (const other of ['tulle-my-shop', 'filter', 'tulle--1', 'docker-1-2-0a1b2c3d'])
    expect(isAbandoned(other)).toBe(false);
});

test('tables are read from what nft lists', async () => {
  const listed = {
    nftables: [
      { metainfo: {} },
      { table: { family: 'inet', name: 'a' } },
      { table: { family: 'inet', name: 'b' } },
    ],
  };
  expect(await inetTables(() => Promise.resolve(JSON.stringify(listed)))).toEqual(['a', 'b']);
});

test.each<[what: string, packets: number | 'refused', expected: boolean]>([
  ['counts what its group sends', 1, true],
  ['counts nothing', 0, false],
  ['knows no groups', 'refused', false],
])('a kernel that %s', async (_, packets, expected) => {
  const ran: string[] = [];
  const can = await canTellGroups(
    (args, input) => {
      ran.push(input ?? args.join(' '));
      if (packets === 'refused' && input?.includes('socket cgroupv2'))
        return Promise.reject(new Error('No such file or directory'));
      return Promise.resolve(JSON.stringify({ nftables: [{ counter: { packets } }] }));
    },
    'probe',
    { kind: 'cgroup', path: 'here', level: 1 },
  );
  expect(can).toBe(expected);
  expect(ran.at(-1)).toBe('table inet probe\ndelete table inet probe\n');
});

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'rules that nft refuses of one instance are not among those of the next (needs root)',
  async () => {
    const owner = identifyProcess(process.pid) as ProcessIdentity;
    // Lists nothing, so groups are not told apart: applications go by their users.
    const nft = (_: readonly string[], input = ''): Promise<string> =>
      input.includes('4001') ? Promise.reject(new Error('refused')) : Promise.resolve('{"nftables":[]}');
    const capture = new Capture({ mesh: 'shop', owner, serviceAddresses: '240.240.0.0/16', nft });
    const ports = { appPorts: [80], outboundPort: 15001, inboundPort: 15006, dnsPort: 15053 };
    for (const uid of [4001, 4002]) await capture.prepare({ name: `app-${uid}`, uid });
    await expect(capture.add({ name: 'app-4001', uid: 4001, ...ports })).rejects.toThrow('refused');
    await capture.add({ name: 'app-4002', uid: 4002, ...ports });
    await capture.close();
  },
);
