import { afterAll, afterEach } from 'vitest';

/** Steps that undo what a test has made. */
export type Cleanup = (() => unknown)[];

const run = async (steps: Cleanup): Promise<void> => {
  for (const step of steps.splice(0).reverse()) await step();
};

/** For a file or a group: what is pushed here is done after each of its tests, the last first. */
export function cleanupAfterEach(): Cleanup {
  const steps: Cleanup = [];
  afterEach(() => run(steps));
  return steps;
}

/** The same, after all of its tests. */
export function cleanupAfterAll(): Cleanup {
  const steps: Cleanup = [];
  afterAll(() => run(steps));
  return steps;
}
