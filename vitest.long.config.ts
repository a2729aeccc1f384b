import { defineConfig } from 'vitest/config';

/** What takes minutes: a million messages, gigabytes, thousands of connections. `npm run test:long`. */
export default defineConfig({
  test: {
    include: ['tests/**/*.long.ts'],
    testTimeout: 600_000,
    expect: { poll: { timeout: 15_000 } },
    // They measure memory and CPU: side by side they would measure each other.
    fileParallelism: false,
  },
});
