import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { cleanFileMappings, Rest } from './give-back.ts';

const kB = (amount: number): string => `${String(amount).padStart(10)} kB`;
const mapping = (head: string, anonymous: number, swapped = 0): string =>
  `${head}\nSize:  8 kB\nRss:   8 kB\nAnonymous: ${kB(anonymous)}\nSwap: ${kB(swapped)}\nVmFlags: rd\n`;

test('only what can be read again from a file is given back', () => {
  const smaps = [
    mapping('00400000-0082e000 r--p 00000000 fe:00 77                  /opt/node', 0),
    mapping('0082e000-03489000 r-xp 0042e000 fe:00 77                  /opt/node', 0),
    // Relocated by the loader, then made read-only.
    mapping('072a7000-072d9000 r--p 06ea7000 fe:00 77                  /opt/node', 200),
    // The same, and the system was short of memory.
    mapping('07308000-0731a000 r--p 06ea7000 fe:00 77                  /opt/node', 0, 72),
    mapping('072d9000-07308000 rw-p 06ed9000 fe:00 77                  /opt/node', 0),
    mapping('34ba6000-35000000 rw-p 00000000 00:00 0                   [heap]', 0),
    mapping('7f0000000000-7f0000001000 r--p 00000000 00:00 0', 0),
    mapping('7f0000002000-7f0000003000 r--s 00000000 00:05 12          /dev/shm/shared', 0),
    mapping('7ffc00000000-7ffc00002000 r-xp 00000000 00:00 0           [vdso]', 0),
  ].join('');
  expect(cleanFileMappings(smaps)).toEqual([
    { from: 0x400000n, to: 0x82e000n },
    { from: 0x82e000n, to: 0x3489000n },
  ]);
});

/** Does what needs code that was given back: compiles, encrypts, collects garbage, answers. */
const program = `
  const { giveBack } = await import(${JSON.stringify(join(import.meta.dirname, 'give-back.ts'))});
  const before = process.memoryUsage.rss();
  const bytes = await giveBack();
  const after = process.memoryUsage.rss();
  const { createHash, generateKeyPairSync } = await import('node:crypto');
  generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let sum = 0;
  for (let round = 0; round < 200_000; round++) sum += JSON.stringify({ round }).length;
  const hash = createHash('sha256').update('tulle').digest('hex').slice(0, 8);
  console.log(JSON.stringify({ bytes, saved: before - after, sum, hash }));
`;

test('a program that has given its code back goes on', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '--eval',
    program,
  ]);
  const { bytes, saved, sum, hash } = JSON.parse(stdout) as Record<string, number | string>;
  expect(bytes).toBeGreaterThan(10_000_000);
  expect(saved).toBeGreaterThan(10_000_000);
  expect([sum, hash]).toEqual([3_088_890, 'b1c4a347']);
});

test('a program gives back when it rests, and again only after more work', () => {
  const rest = new Rest(100);
  // Its start goes on.
  expect(rest.comesAfterWork(200)).toBe(false);
  expect(rest.comesAfterWork(210)).toBe(true);
  expect(rest.comesAfterWork(220)).toBe(false);
  // A burst, and little ever after.
  expect(rest.comesAfterWork(3_000)).toBe(false);
  expect(rest.comesAfterWork(3_010)).toBe(true);
  const looks = Array.from({ length: 20 }, (_, look) => rest.comesAfterWork(3_010 + 20 * (look + 1)));
  expect(looks.indexOf(true)).toBe(14);
});
