/**
 * The flags of Node that a proxy runs with: an idle one is small, a busy one stays in the processor's cache.
 * docs/performance.md has what each is worth.
 */
export const nodeFlags: readonly string[] = [
  // 1 MB: more costs memory and saves nothing that shows.
  '--max-semi-space-size=1',
  // One helper thread: compiling and collecting garbage take little of it.
  '--v8-pool-size=1',
  // Old garbage may be a third of what lives, not thrice: a configuration of 1,000 services leaves much behind at once.
  '--heap-growing-percent=30',
  // What the compiler needed is freed by the thread that can use it again: 8 to 10 MB less after the first load.
  '--no-maglev-destroy-on-background',
  // The one experimental thing that a proxy uses is node:ffi, on purpose.
  '--disable-warning=ExperimentalWarning',
];
