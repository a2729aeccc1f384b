/**
 * What tests get as fast-check (vitest.config.ts): the same cases in every run, unless TULLE_FUZZ_SEED says where others
 * begin. A property that says its own seed keeps it.
 */
import fc from '../node_modules/fast-check/lib/fast-check.js';

fc.configureGlobal({ seed: Number(process.env.TULLE_FUZZ_SEED ?? 20_261_121) });

export default fc;
