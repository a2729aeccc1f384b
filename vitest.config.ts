import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  // A run finds what the last one found.
  resolve: {
    alias: { 'fast-check': fileURLToPath(new URL('scripts/seeded-fast-check.ts', import.meta.url)) },
  },
  test: {
    // What is waited for comes at once, but for machines that have much else to do.
    testTimeout: 60_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/**/*.test.ts',
            'examples/**/*.test.ts',
            'scripts/**/*.test.ts',
            'bench/**/*.test.ts',
          ],
          exclude,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'end-to-end',
          // A mesh is a dozen processes, and each command one more: a machine that has much else to do takes long.
          testTimeout: 180_000,
          include: ['tests/**/*.test.ts'],
          exclude: [...exclude, 'tests/peers/**'],
          // After the others, and few at a time: a mesh is a dozen processes, and most of a test's time is waiting.
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
        },
      },
    ],
  },
});
