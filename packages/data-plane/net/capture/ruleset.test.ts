import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type CapturedInstance,
  type CaptureRules,
  captureRuleset,
  type ProcessSelector,
  removeTable,
} from './ruleset.ts';

const rewrite = process.env.UPDATE_GOLDEN === '1';
if (rewrite && process.env.CI) throw new Error('UPDATE_GOLDEN rewrites what CI is to check: not here');

const group = (leaf: string): ProcessSelector => ({ kind: 'cgroup', path: `tulle-shop-1/${leaf}`, level: 2 });
const user = (uid: number): ProcessSelector => ({ kind: 'uid', uid });

function instance(name: string, more: Partial<CapturedInstance>): CapturedInstance {
  return {
    name,
    app: group(`${name}.app`),
    exempt: [group('supervisor'), group(`${name}.proxy`)],
    appPorts: [],
    outboundPort: 15_001,
    inboundPort: 15_006,
    dnsPort: 15_053,
    ...more,
  };
}

const cases: Readonly<Record<string, Partial<CaptureRules>>> = {
  nobody: {},
  groups: {
    instances: [
      instance('reviews-v1-0', { appPorts: [20_002, 20_001, 20_002] }),
      instance('prod.job-0', { outboundPort: 15_101 }),
    ],
  },
  users: {
    serviceAddresses: '127.240.0.0/16',
    instances: [instance('db-0', { app: user(1001), exempt: [user(0)], appPorts: [5432] })],
  },
};

test.each(Object.entries(cases))('rules: %s', (name, rules) => {
  const text = captureRuleset({
    table: 'tulle-shop-1-2-0a1b2c3d',
    comment: 'tulle: mesh shop, owner pid 1',
    serviceAddresses: '240.240.0.0/16',
    instances: [],
    ...rules,
  });
  const file = join(import.meta.dirname, 'golden', `${name}.nft`);
  if (rewrite) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
});

test('a table is removed whether it is there or not', () => {
  expect(removeTable('t')).toBe('table inet t\ndelete table inet t\n');
});
