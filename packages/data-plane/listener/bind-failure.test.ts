import { expect, test } from 'vitest';
import { bindFailure } from './bind-failure.ts';

const listener = (address: string) =>
  ({ name: 'l', address, port: 443 }) as Parameters<typeof bindFailure>[0];
const failing = (code: string) => Object.assign(new Error(`listen ${code}`), { code });

test.each([
  ['0.0.0.0', 'EADDRINUSE', "cannot bind '0.0.0.0:443': Address already in use"],
  ['::', 'EACCES', "cannot bind '[::]:443': Permission denied: ports below 1024 need a privilege"],
  [
    '10.0.0.9',
    'EADDRNOTAVAIL',
    "cannot bind '10.0.0.9:443': Cannot assign requested address: this machine has none such",
  ],
  ['10.0.0.9', 'EMFILE', "cannot bind '10.0.0.9:443': listen EMFILE"],
])('%s and %s', (address, code, reason) => {
  expect(bindFailure(listener(address), failing(code))).toEqual({ listener: 'l', reason });
});
