import { expect, test } from 'vitest';
import { plainReason } from './plain-reason.ts';

test.each<[string, string]>([
  ['malformed IP address', 'malformed IP address'],
  [
    'Error adding/updating listener(s) bad: goo.gle/debugonly  \nrds {\n  config_source {\n  }\n}\n: Proto constraint validation failed (X.StatPrefix: value length must be at least 1 characters)\n',
    'Error adding/updating listener(s) bad: Proto constraint validation failed (X.StatPrefix: value length must be at least 1 characters)',
  ],
  [
    'goo.gle/debugproto    \nname: "a"\ntype: EDS\n  ...(truncated)',
    'the reason comes after a message that Envoy cuts off: its log has it',
  ],
])('%s', (message, plain) => {
  expect(plainReason(message)).toBe(plain);
});
