import { removeTable } from '@tulle/data-plane/net/capture/ruleset';
import { expect, test } from 'vitest';
import { identifyProcess, type ProcessIdentity } from '../process/process-identity.ts';
import { Capture } from './capture.ts';
import { findCgroupMount } from './cgroup-mount.ts';
import { inetTables, type Nft } from './nft.ts';
import { isAbandoned, nameOf, ownerOf } from './owner.ts';
import { canTellGroups } from './probe-groups.ts';
import { sweepCapture } from './sweep.ts';

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

const needsRoot = test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0);
const self = identifyProcess(process.pid) as ProcessIdentity;
const ports = { appPorts: [80], outboundPort: 15001, inboundPort: 15006, dnsPort: 15053 };

/** Lists the tables that are named, and what was said to it. Groups are not told apart: applications go by their users. */
function fakeNft(...tables: readonly string[]) {
  const inputs: string[] = [];
  const nft = (_: readonly string[], input = ''): Promise<string> => {
    if (input !== '') inputs.push(input);
    if (input.includes('4001')) return Promise.reject(new Error('refused'));
    return Promise.resolve(JSON.stringify({ nftables: tables.map((name) => ({ table: { name } })) }));
  };
  return { inputs, nft };
}

const captureBy = (nft: Nft): Capture =>
  new Capture({ mesh: 'shop', owner: self, serviceAddresses: '240.240.0.0/16', nft });

needsRoot('rules that nft refuses of one instance are not among those of the next (needs root)', async () => {
  const capture = captureBy(fakeNft().nft);
  for (const uid of [4001, 4002]) await capture.prepare({ name: `app-${uid}`, uid });
  await expect(capture.add({ name: 'app-4001', uid: 4001, ...ports })).rejects.toThrow('refused');
  await capture.add({ name: 'app-4002', uid: 4002, ...ports });
  await capture.close();
});

needsRoot('where users tell applications apart, each needs its own (needs root)', async () => {
  const capture = captureBy(fakeNft().nft);
  await capture.prepare({ name: 'a', uid: 4002 });
  await expect(capture.prepare({ name: 'b', uid: 4002 })).rejects.toThrow('b runs as the same as a');
  for (const uid of [undefined, 0])
    await expect(capture.prepare({ name: 'c', uid })).rejects.toThrow('c needs one');
  await capture.remove('a');
  await capture.prepare({ name: 'b', uid: 4002 });
  await capture.close();
});

needsRoot('the table goes with its capture (needs root)', async () => {
  const { inputs, nft } = fakeNft();
  const capture = captureBy(nft);
  await capture.prepare({ name: 'a', uid: 4002 });
  await capture.add({ name: 'a', uid: 4002, ...ports });
  expect(inputs.at(-1)).not.toBe(removeTable(nameOf('shop', self)));
  await capture.close();
  expect(inputs.at(-1)).toBe(removeTable(nameOf('shop', self)));
});

needsRoot(
  'of the tables there are, those whose owner was killed are swept, and no others (needs root)',
  async () => {
    const dead = ['tulle-shop-4194304-1-0a1b2c3d', `tulle-shop-${process.pid}-1-0a1b2c3d`];
    const { inputs, nft } = fakeNft('filter', nameOf('shop', self), ...dead);
    expect(await sweepCapture(nft)).toEqual(dead);
    expect(inputs).toEqual([dead.map(removeTable).join('')]);
    const calm = fakeNft('filter', nameOf('shop', self));
    expect(await sweepCapture(calm.nft)).toEqual([]);
    expect(calm.inputs).toEqual([]);
  },
);
