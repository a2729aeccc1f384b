import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/peers/**/*.test.ts'],
    testTimeout: 240_000,
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 300_000,
    // Each file starts real servers; side by side they would measure each other.
    fileParallelism: false,
  },
});
